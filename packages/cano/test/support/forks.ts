/** What the tests of Task.fork share. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { inVirtualTime } from "effect-cano-testing/Runs"

export class Down extends Data.TaggedError("Down")<{ readonly replica: string }> {}

export const Short = Schema.Literals(["Start", "Done", "Failed"])

export const after = <A>(millis: number, value: A) => Effect.as(Effect.sleep(millis), value)

export const failing = (millis: number, replica: string) =>
  Effect.andThen(Effect.sleep(millis), Effect.fail(new Down({ replica })))

/** The result of a run, and how long it took. */
export const timed = (effect: Effect.Effect<unknown, unknown>) =>
  inVirtualTime(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(effect)
      return [exit, (yield* Clock.currentTimeMillis) - start] as const
    })
  ).pipe(Effect.flatten)

export const signs = { Completed: "C", Failed: "F", Cancelled: "-" }

export const shown = (results: ReadonlyArray<{ readonly _tag: keyof typeof signs }>) =>
  results.map(({ _tag }) => signs[_tag]).join("")
