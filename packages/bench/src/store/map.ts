import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Prepare } from "../harness/contender.ts"
import { repeat } from "./loop.ts"

/** A `Map` that the effects close over: no service, no codec, no error. */
const makeMap = () => new Map<string, unknown>([["count", 1]])

export const get: Prepare = (operations) => {
  const map = makeMap()
  const program = repeat(operations, () => Effect.sync(() => map.get("count")))
  return () => Effect.runPromise(program)
}

export const getBuiltOnce: Prepare = (operations) => {
  const map = makeMap()
  const count = Effect.sync(() => map.get("count"))
  const program = repeat(operations, () => count)
  return () => Effect.runPromise(program)
}

export const put: Prepare = (operations) => {
  const map = makeMap()
  let value = 0
  const program = repeat(operations, () => {
    const next = ++value
    return Effect.sync(() => map.set("count", next))
  })
  return () => Effect.runPromise(program)
}

class Entries extends Context.Service<Entries, Map<string, unknown>>()("effect-cano-bench/Entries") {}

/** The same `Map` behind a service of the context, which is what a program can be given in parts. */
export const getFromService: Prepare = (operations) => {
  const program = repeat(operations, () => Entries.useSync((map) => map.get("count")))
  return () => Effect.runPromise(Effect.provideService(program, Entries, makeMap()))
}

export const putToService: Prepare = (operations) => {
  let value = 0
  const program = repeat(operations, () => {
    const next = ++value
    return Entries.useSync((map) => map.set("count", next))
  })
  return () => Effect.runPromise(Effect.provideService(program, Entries, makeMap()))
}
