/** A page in PocketFlow: loaded, summarised with a retry, and stored. */
// #region program
import { Flow, Node } from "pocketflow"

interface Shared {
  page: string
  summary?: string
}

let calls = 0
const summarise = async (text: string): Promise<string> => {
  calls++
  if (calls < 3) throw new Error("the model is busy")
  return text.split(".")[0]!
}

class Load extends Node<Shared> {
  override async prep(shared: Shared) {
    return shared.page
  }
  override async exec(page: string) {
    return page.trim().length > 0
  }
  override async post(_shared: Shared, _page: string, isReadable: boolean) {
    return isReadable ? "summarise" : "empty"
  }
}

class Summarise extends Node<Shared> {
  override async prep(shared: Shared) {
    return shared.page
  }
  override async exec(page: string) {
    return await summarise(page)
  }
  override async execFallback() {
    return "no summary"
  }
  override async post(shared: Shared, _page: string, summary: string) {
    shared.summary = summary
    return undefined
  }
}

const load = new Load()
load.on("summarise", new Summarise(3, 0.01)) // 3 attempts, 10 ms apart
load.on("empty", new Node())
const flow = new Flow<Shared>(load)

const otters: Shared = { page: "Otters hold hands. They sleep afloat." }
await flow.run(otters)
console.log(`${otters.summary} (${calls} calls)`)

const blank: Shared = { page: " " }
await flow.run(blank)
console.log(blank.summary ?? "nothing to summarise")
// #endregion
