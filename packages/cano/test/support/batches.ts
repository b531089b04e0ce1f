/** What the tests of Concurrent share. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { inVirtualTime } from "effect-cano-testing/Runs"

/** What an effect gives in virtual time. */
export const value = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flatten(inVirtualTime(effect))

export const after = (millis: number) => Effect.as(Effect.sleep(millis), millis)

export const tags = (results: ReadonlyArray<{ readonly _tag: string }>) => results.map(({ _tag }) => _tag)

/** Counts the fibers that run under an effect. */
export const withFiberCount = <A, E, R>(effect: (count: () => number) => Effect.Effect<A, E, R>) => {
  let fibers = 0
  return Effect.provideService(
    effect(() => fibers),
    Metric.FiberRuntimeMetrics,
    { recordFiberStart: () => void fibers++, recordFiberEnd: () => void fibers-- }
  )
}
