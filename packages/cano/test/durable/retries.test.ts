/** Retries of durable runs whose delays are rows: the policy goes on as if nothing had happened in between. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Durable from "../../src/Durable.ts"
import * as Retry from "../../src/Retry.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { clientOf, memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

interface Attempt {
  readonly at: number
  readonly attempt: number
  readonly retry: number
}

/** A workflow whose only task always fails, and the attempts that it makes. */
const failing = (retry: Schedule.Schedule<unknown, "down">) => {
  const attempts: Array<Attempt> = []
  const workflow = Workflow.make("failing", Schema.Literals(["Call", "Done"]), {
    initial: "Call",
    exits: ["Done"],
    states: {
      Call: {
        to: ["Done"],
        run: Task.make({
          retry,
          run: () =>
            Effect.gen(function* () {
              const run = yield* Effect.serviceOption(Durable.Run)
              const { attempt: retries } = yield* Schedule.CurrentMetadata
              attempts.push({
                at: yield* Clock.currentTimeMillis,
                attempt: Option.isSome(run) ? run.value.attempt : 0,
                retry: retries
              })
              return yield* Effect.fail("down" as const)
            })
        })
      }
    }
  })
  return {
    attempts,
    workflow: workflow as unknown as Workflow.Workflow<"Call" | "Done", "Done", "down", never, "Call">
  }
}

const sinceFirst = (attempts: ReadonlyArray<Attempt>) => attempts.map(({ at, retry }) => [at - attempts[0]!.at, retry])

const policies: ReadonlyArray<readonly [string, Schedule.Schedule<unknown, "down">]> = [
  ["fixed", Retry.fixed(4, "1 minute")],
  [
    "exponential, from short to long",
    Retry.exponentialCustom({ retries: 8, base: 100, factor: 3, maxDelay: 60_000, jitter: 0 })
  ],
  [
    "two policies in sequence",
    Schedule.concat(Schedule.recurs(2), Schedule.spaced("10 seconds").pipe(Schedule.upTo({ times: 3 })))
  ],
  ["an elapsed limit", Schedule.spaced("1 minute").pipe(Schedule.upTo({ duration: "5 minutes" }))],
  [
    "a growing delay with a limit of time",
    Schedule.exponential("2 seconds").pipe(Schedule.upTo({ duration: "10 minutes" }))
  ],
  ["fibonacci", Schedule.fibonacci("3 seconds").pipe(Schedule.upTo({ times: 6 }))]
]

describe("retries of durable runs", () => {
  for (const [name, policy] of policies) {
    it.effect(`D5: ${name}: the same attempts at the same times as in a bare run, over rows and processes`, () =>
      Effect.gen(function* () {
        const bare = failing(policy)
        const durable = failing(policy)
        const journal = yield* memory
        const client = yield* clientOf(journal)
        yield* Effect.forkChild(Effect.exit(Workflow.run(bare.workflow)))
        yield* client(Durable.start(durable.workflow, { runId: "r" }))
        let process = yield* processOf(journal, [durable.workflow])
        for (let minute = 0; minute < 20; minute++) {
          yield* pass("1 minute")
          if (minute % 4 !== 1) continue
          // a new process: it knows of the failures before from the rows only
          yield* process.close
          process = yield* processOf(journal, [durable.workflow])
        }
        assert.strictEqual((yield* client(Durable.get("r"))).status, "failed")
        assert.isAbove(durable.attempts.length, 4)
        assert.deepStrictEqual(sinceFirst(durable.attempts), sinceFirst(bare.attempts))
        assert.deepStrictEqual(
          durable.attempts.map(({ attempt }) => attempt),
          durable.attempts.map((_, at) => at + 1)
        )
      })
    )
  }
})
