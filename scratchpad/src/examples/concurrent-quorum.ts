/**
 * A quorum read: ask all replicas, go on with the first two answers, and let the machine decide what they mean. Runs in
 * virtual time.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Task, Wait, Workflow } from "effect-cano"

class Down extends Data.TaggedError("Down")<{ readonly replica: string }> {}

interface Replica {
  readonly millis: number
  readonly version: number | undefined
}

const ask = (name: string, { millis, version }: Replica) =>
  Effect.sleep(millis).pipe(
    Effect.andThen(version === undefined ? Effect.fail(new Down({ replica: name })) : Effect.succeed(version))
  )

const ReadState = Schema.TaggedUnion({
  Ask: {},
  Repair: { newest: Schema.Number },
  Value: { version: Schema.Number },
  Unavailable: { why: Schema.String }
})

// #region workflow
const quorumRead = (replicas: Record<"a" | "b" | "c", Replica>) =>
  Workflow.make("quorum read", ReadState, {
    initial: "Ask",
    exits: ["Value", "Unavailable"],
    states: {
      Ask: {
        to: ["Value", "Repair", "Unavailable"],
        run: Task.fork({
          name: "ask",
          branches: { a: ask("a", replicas.a), b: ask("b", replicas.b), c: ask("c", replicas.c) },
          wait: Wait.quota(2),
          timeout: "1 second",
          join: ({ a, b, c }) => {
            const versions = [a, b, c].flatMap((result) => (result._tag === "Completed" ? [result.value] : []))
            const newest = Math.max(...versions)
            return versions.every((version) => version === newest)
              ? { _tag: "Value", version: newest }
              : { _tag: "Repair", newest }
          }
        }),
        catch: {
          ForkUnmet: ({ message }) => ({ _tag: "Unavailable", why: message }),
          ForkTimeout: ({ message }) => ({ _tag: "Unavailable", why: message })
        }
      },
      Repair: {
        to: ["Value"],
        run: function* ({ newest }) {
          yield* Console.log(`  the replicas disagree: writing version ${newest} to those behind`)
          return { _tag: "Value", version: newest }
        }
      }
    }
  })
// #endregion

const cases: Record<string, Record<"a" | "b" | "c", Replica>> = {
  "all agree": { a: { millis: 30, version: 7 }, b: { millis: 10, version: 7 }, c: { millis: 20, version: 7 } },
  "one is down": {
    a: { millis: 30, version: 7 },
    b: { millis: 10, version: undefined },
    c: { millis: 20, version: 7 }
  },
  "one is behind": { a: { millis: 30, version: 8 }, b: { millis: 10, version: 7 }, c: { millis: 5000, version: 8 } },
  "two are down": {
    a: { millis: 30, version: undefined },
    b: { millis: 10, version: undefined },
    c: { millis: 5000, version: 8 }
  },
  "two are slow": { a: { millis: 30, version: 8 }, b: { millis: 3000, version: 8 }, c: { millis: 5000, version: 8 } }
}

const show = Effect.fnUntraced(function* (name: string, replicas: Record<"a" | "b" | "c", Replica>) {
  yield* Console.log(name)
  const run = yield* Effect.forkChild(Workflow.run(quorumRead(replicas)))
  yield* TestClock.adjust("10 seconds")
  const exit = yield* Fiber.join(run)
  yield* Console.log(exit._tag === "Value" ? `  version ${exit.version}` : `  ${exit.why}`)
})

const program = Effect.forEach(Object.entries(cases), ([name, replicas]) => show(name, replicas), { discard: true })

NodeRuntime.runMain(
  Effect.andThen(program, Console.log(`\n${Workflow.toMermaid(quorumRead(cases["all agree"]!)).trim()}`)).pipe(
    Effect.provide(TestClock.layer())
  )
)
