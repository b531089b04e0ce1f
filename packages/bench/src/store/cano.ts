import * as Store from "effect-cano/Store"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Prepare } from "../harness/contender.ts"
import { repeat } from "./loop.ts"

const Count = Store.key("count", Schema.Number)

const withStore = <A, E>(program: Effect.Effect<A, E, Store.MemoryStore>) =>
  Store.put(Count, 1).pipe(Effect.andThen(program), Effect.provide(Store.MemoryStore.layer))

export const get: Prepare = (operations) => {
  const program = repeat(operations, () => Store.get(Count))
  return () => Effect.runPromise(withStore(program))
}

export const getBuiltOnce: Prepare = (operations) => {
  const count = Store.get(Count)
  const program = repeat(operations, () => count)
  return () => Effect.runPromise(withStore(program))
}

export const put: Prepare = (operations) => {
  let value = 0
  const program = repeat(operations, () => Store.put(Count, ++value))
  return () => Effect.runPromise(withStore(program))
}
