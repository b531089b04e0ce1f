/** Pieces of code for the guide to stores. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Store, Workflow } from "effect-cano"

declare const order: Workflow.Workflow<"Start" | "Complete", "Complete", Store.KeyNotFound, Store.MemoryStore>

const Input = Store.key("input", Schema.String)

// #region fresh
// each run builds the layer, and so has a store of its own
const runAlone = Workflow.run(order).pipe(Effect.provide(Store.MemoryStore.layer))
// #endregion

// #region shared
// one store for a block: what is put before the run is there in the run, and what the run leaves can be read after it
const runWith = (input: string) =>
  Effect.gen(function* () {
    yield* Store.put(Input, input)
    const exit = yield* Workflow.run(order)
    return { exit, left: yield* Store.snapshot }
  }).pipe(Effect.provide(Store.MemoryStore.layer))
// #endregion

// #region many
// one store for several runs, on purpose
const runThrice = Effect.gen(function* () {
  const store = yield* Store.MemoryStore.make
  const run = Effect.provideService(Workflow.run(order), Store.MemoryStore, store)
  return yield* Effect.all([run, run, run], { concurrency: 3 })
})
// #endregion

// #region fake
// in a test: a store that already holds what the code under test needs
const layerTest = Layer.effect(
  Store.MemoryStore,
  Effect.tap(Store.MemoryStore.make, (store) => store.put(Input, "from the test"))
)
// #endregion

export { layerTest, runAlone, runThrice, runWith }
