/** Pieces of code for the guide to concurrent runs. */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Concurrent, Durable, Store, Task, Wait, Workflow } from "effect-cano"

class Offline extends Data.TaggedError("Offline")<{ readonly url: string }> {}
declare const download: (url: string) => Effect.Effect<string, Offline>
declare const urls: ReadonlyArray<string>
declare const bar: { readonly update: (share: number) => void }

// #region run
export const pages = Effect.gen(function* () {
  const { results, status } = yield* Concurrent.run(urls.map(download), { wait: Wait.quota(3), ids: urls })
  for (const result of results) {
    // one result for each effect, in input order
    if (result._tag === "Completed") yield* Effect.log(`${result.id}: ${result.value.length} characters`)
    if (result._tag === "Failed") yield* Effect.logError(result.id, result.cause)
  }
  return status.completed
})
// #endregion

// #region values
// every value in order, or the failure of the first that failed
export const texts = Effect.flatMap(Concurrent.run(urls.map(download)), Concurrent.values)
// #endregion

class Tenant extends Context.Service<Tenant, { readonly name: string }>()("app/Tenant") {}

const Total = Store.key("total", Schema.Number)
const Invoice = Schema.TaggedUnion({ Sum: { cents: Schema.Array(Schema.Number) }, Sent: { to: Schema.String } })

const invoice = Workflow.make("invoice", Invoice, {
  initial: "Sum",
  exits: ["Sent"],
  states: {
    Sum: {
      to: ["Sent"],
      run: function* ({ cents }) {
        yield* Store.put(
          Total,
          cents.reduce((sum, n) => sum + n, 0)
        )
        const { name } = yield* Tenant
        return { _tag: "Sent", to: name }
      }
    }
  }
})

// #region workflow
export const invoices = Concurrent.workflow(invoice, {
  instances: [
    { id: "may", state: { _tag: "Sum", cents: [499, 1] }, context: Context.make(Tenant, { name: "Ada" }) },
    { id: "june", state: { _tag: "Sum", cents: [250] }, context: Context.make(Tenant, { name: "Grace" }) }
  ],
  layer: Store.MemoryStore.layer, // built afresh for each instance
  wait: Wait.duration("30 seconds"),
  concurrency: 16
})
// Effect<Batch<Array<Result<Sent, ...>>>>: neither the Tenant nor the MemoryStore is needed any more
// #endregion

// #region progress
export const watched = Concurrent.run(urls.map(download), {
  concurrency: 8,
  onProgress: ({ completed, failed, total }) => bar.update((completed + failed) / total)
})
// #endregion

// #region branches
export const profile = Task.fork({
  name: "profile",
  branches: {
    page: download("https://example.com/ada"),
    length: download("https://example.com/grace").pipe(Effect.map((text) => text.length))
  },
  join: ({ page, length }) => (page.length > length ? "Long" : "Short") // string and number
})
// #endregion

// #region dynamic
export const spread = Task.fork({
  branches: (state: { readonly urls: ReadonlyArray<string> }) => state.urls.map(download),
  wait: Wait.percentage(80),
  timeout: "10 seconds",
  concurrency: 4,
  join: (results) => (results.every(({ _tag }) => _tag === "Completed") ? "Complete" : "Partial")
})
// #endregion

declare const files: ReadonlyArray<string>

const File = Schema.TaggedUnion({ Read: { file: Schema.String }, Done: { rows: Schema.Number } })

const convert = Workflow.make("convert", File, {
  initial: "Read",
  exits: ["Done"],
  states: {
    Read: {
      to: ["Done"],
      run: ({ file }) => Effect.map(download(file), (text) => ({ _tag: "Done", rows: text.split("\n").length }))
    }
  }
})

// #region durable
export const converted = Durable.batch(convert, {
  batchId: "import of 2026-03-01",
  instances: files.map((file) => ({ id: file, state: { _tag: "Read", file } })),
  wait: Wait.percentage(95)
})
// #endregion
