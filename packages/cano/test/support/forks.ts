/** What the tests of Task.fork share. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class Down extends Data.TaggedError("Down")<{ readonly replica: string }> {}

export const Short = Schema.Literals(["Start", "Done", "Failed"])

export const after = <A>(millis: number, value: A) => Effect.as(Effect.sleep(millis), value)

export const failing = (millis: number, replica: string) =>
  Effect.andThen(Effect.sleep(millis), Effect.fail(new Down({ replica })))

const signs = { Completed: "C", Failed: "F", Cancelled: "-" }

export const shown = (results: ReadonlyArray<{ readonly _tag: keyof typeof signs }>) =>
  results.map(({ _tag }) => signs[_tag]).join("")
