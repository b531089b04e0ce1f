/** Forks inside states. */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Task from "effect-cano/Task"
import * as Wait from "effect-cano/Wait"
import * as Workflow from "effect-cano/Workflow"
import { timed } from "../../Runs.ts"
import type { Suite } from "./suite.ts"

class Down extends Data.TaggedError("Down")<{ readonly replica: string }> {}

const Short = Schema.Literals(["Start", "Done", "Failed"])

const after = <A>(millis: number, value: A) => Effect.as(Effect.sleep(millis), value)
const failing = (millis: number, replica: string) =>
  Effect.andThen(Effect.sleep(millis), Effect.fail(new Down({ replica })))

export const forks = ({ run }: Suite): void => {
  describe("a fork", () => {
    it.effect("branches computed from the payload decide the next state of a machine", () =>
      Effect.gen(function* () {
        const Split = Schema.TaggedUnion({
          Split: { words: Schema.Array(Schema.String) },
          Sum: { letters: Schema.Number },
          Empty: {}
        })
        const count = Workflow.make("count", Split, {
          initial: "Split",
          exits: ["Sum", "Empty"],
          states: {
            Split: {
              to: ["Sum", "Empty"],
              run: Task.fork({
                branches: (state: { readonly words: ReadonlyArray<string> }) =>
                  state.words.map((word) => after(10, word.length)),
                concurrency: 2,
                join: (lengths) =>
                  lengths.length === 0
                    ? { _tag: "Empty" }
                    : { _tag: "Sum", letters: lengths.reduce((sum, n) => sum + n, 0) }
              })
            }
          }
        })
        const counted = (...words: Array<string>) => timed(run(count, { _tag: "Split", words }))
        assert.deepStrictEqual(yield* counted("a", "bb", "ccc"), [
          Exit.succeed({ _tag: "Sum", letters: 6 } as const),
          20
        ])
        assert.deepStrictEqual(yield* counted(), [Exit.succeed({ _tag: "Empty" } as const), 0])
      })
    )

    it.effect("its errors are edges of the machine", () =>
      Effect.gen(function* () {
        const read = (millis: number, broken: boolean) =>
          Workflow.make("read", Short, {
            initial: "Start",
            exits: ["Done", "Failed"],
            states: {
              Start: {
                to: ["Done", "Failed"],
                run: Task.fork({
                  branches: [after(millis, 1), broken ? failing(1, "b") : after(millis, 2), after(millis, 3)],
                  wait: Wait.quota(3),
                  timeout: 100,
                  join: () => "Done"
                }),
                catch: { ForkUnmet: "Failed", ForkTimeout: "Failed" }
              }
            }
          })
        assert.deepStrictEqual(yield* timed(run(read(10, false))), [Exit.succeed("Done" as const), 10])
        assert.deepStrictEqual(yield* timed(run(read(10, true))), [Exit.succeed("Failed" as const), 1])
        assert.deepStrictEqual(yield* timed(run(read(200, false))), [Exit.succeed("Failed" as const), 100])
      })
    )
  })
}
