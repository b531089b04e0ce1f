/**
 * Runs three orders and writes a page that shows what they did: `pnpm timeline [<file>]`.
 */
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Observer from "effect-cano/Observer"
import * as Workflow from "effect-cano/Workflow"
import { order, payment } from "../shop/order.ts"
import { page } from "./page.ts"

const file = resolve(process.argv[2] ?? "build/timeline.html")

const carts = [
  { items: ["teapot", "cups"], card: "expired" },
  { items: ["tea"], card: "stolen" },
  { items: ["a piano and", "a chair for someone to sit on while it plays"], card: "valid" }
]

// #region orders
/** One after another, so that the nested runs follow theirs. */
const orders = Effect.forEach(carts, (cart) => Workflow.run(order, { _tag: "Cart", ...cart }))
// #endregion

NodeRuntime.runMain(
  Effect.gen(function* () {
    const { events, exit } = yield* Observer.record(orders)
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    yield* fs.writeFileString(file, page([order, payment], events))
    yield* Console.log(`Open ${pathToFileURL(file).href}`)
    return yield* exit
  }).pipe(Effect.provide(NodeServices.layer))
)
