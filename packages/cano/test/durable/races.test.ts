/** Signals, cancellations and workers that meet at the same moment. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { errorOf } from "effect-cano-testing/Runs"
import { random, replay } from "effect-cano-testing/Seed"
import * as Durable from "../../src/Durable.ts"
import type * as Journal from "../../src/Journal.ts"
import * as Retry from "../../src/Retry.ts"
import * as Signal from "../../src/Signal.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { clientOf, memory, type Process, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

const Go = Signal.make("go", Schema.Number)

/** Takes three signals, and forgets to take more. */
const three = Workflow.make(
  "three",
  Schema.TaggedUnion({ One: {}, Two: {}, Three: {}, Done: { sum: Schema.Number } }),
  {
    initial: "One",
    exits: ["Done"],
    states: {
      One: { to: ["Two"], run: Task.awaitSignal(Go, () => ({ _tag: "Two" }) as const) },
      Two: { to: ["Three"], run: Task.awaitSignal(Go, () => ({ _tag: "Three" }) as const) },
      Three: { to: ["Done"], run: Task.awaitSignal(Go, (sum) => ({ _tag: "Done", sum }) as const) }
    }
  }
)

/** A journal whose calls take up to some milliseconds, each its own time. */
const slowly = (journal: Journal.Shape, seed: number): Journal.Shape => {
  const rng = random(seed)
  const delayed =
    <Args extends ReadonlyArray<any>, A, E>(call: (...args: Args) => Effect.Effect<A, E>) =>
    (...args: Args): Effect.Effect<A, E> =>
      Effect.suspend(() =>
        Effect.delay(
          Effect.suspend(() => call(...args)).pipe(
            Effect.flatMap((answer) => Effect.delay(Effect.succeed(answer), rng.int(3)))
          ),
          rng.int(3)
        )
      )
  return {
    ...journal,
    append: delayed(journal.append),
    claim: delayed(journal.claim),
    create: delayed(journal.create),
    send: delayed(journal.send),
    signals: delayed(journal.signals),
    cancel: delayed(journal.cancel)
  }
}

describe("signals", () => {
  const { runs, seed } = replay(300)

  it.effect(
    `D6: ${3 * runs} signals meet ${runs} runs that go to sleep: none is lost, none comes twice, nobody sleeps for ever`,
    () =>
      Effect.gen(function* () {
        const journal = yield* memory
        const { run } = yield* processOf(slowly(journal, seed), [three], { worker: { concurrency: 1000 } })
        const client = yield* clientOf(slowly(journal, seed + 1))
        const rng = random(seed)
        const ids = Array.from({ length: runs }, (_, at) => `r${at}`)
        const senders = yield* Effect.forkChild(
          Effect.forEach(
            ids,
            (runId) =>
              Effect.gen(function* () {
                yield* run(Durable.start(three, { runId, state: { _tag: "One" } }))
                const times = [1, 2, 3].map(() => rng.int(40))
                yield* Effect.forEach(
                  times,
                  (time, at) => Effect.delay(client(Durable.signal(runId, Go, at + 1, { id: `${at}` })), time),
                  { concurrency: "unbounded" }
                )
              }),
            { concurrency: "unbounded" }
          )
        )
        yield* pass("10 seconds")
        yield* Fiber.join(senders)
        const heads = yield* journal.heads(ids)
        assert.deepStrictEqual(
          heads.filter(({ status }) => status !== "done").map(({ runId, status }) => [runId, status]),
          []
        )
        assert.isTrue(heads.every(({ unreadSignals }) => unreadSignals === 0))
        for (const runId of ids.slice(0, 100)) {
          const steps = yield* journal.steps({ runId, after: -1, limit: 100, payloads: false })
          assert.deepStrictEqual(steps.flatMap(({ signals }) => signals).sort(), ["0", "1", "2"], runId)
        }
      }),
    120_000
  )

  it.effect(
    `D6: signals meet the ends of ${runs} runs: each is taken, or unread, or its sender knows that the run has ended`,
    () =>
      Effect.gen(function* () {
        const journal = yield* memory
        const { run } = yield* processOf(slowly(journal, seed), [three], { worker: { concurrency: 1000 } })
        const rng = random(seed)
        const ids = Array.from({ length: runs }, (_, at) => `r${at}`)
        const answers = new Map<string, Array<string>>()
        const senders = yield* Effect.forkChild(
          Effect.forEach(
            ids,
            (runId) =>
              Effect.gen(function* () {
                yield* run(Durable.start(three, { runId, state: { _tag: "One" } }))
                const sent = Array.from({ length: 6 }, () =>
                  Effect.delay(Effect.exit(run(Durable.signal(runId, Go, 1))), rng.int(40))
                )
                const exits = yield* Effect.all(sent, { concurrency: "unbounded" })
                answers.set(
                  runId,
                  exits.map((exit) => (Exit.isSuccess(exit) ? exit.value : errorOf(exit)!._tag))
                )
              }),
            { concurrency: "unbounded" }
          )
        )
        yield* pass("10 seconds")
        yield* Fiber.join(senders)
        let late = 0
        for (const { runId, status, unreadSignals } of yield* journal.heads(ids)) {
          const accepted = answers.get(runId)!.filter((answer) => answer === "Accepted").length
          const ended = answers.get(runId)!.filter((answer) => answer === "RunEnded").length
          assert.strictEqual(status, "done", runId)
          assert.strictEqual(accepted + ended, 6, runId)
          assert.strictEqual(accepted, 3 + unreadSignals, runId)
          late += ended
        }
        assert.isAbove(late, 0)
      }),
    120_000
  )
})

/** Comes by all statuses: it works, sleeps, waits for a signal with a deadline, and retries after a long delay. */
const varied = Workflow.make("varied", Schema.Literals(["Work", "Sleep", "Wait", "Retry", "Done"]), {
  initial: "Work",
  exits: ["Done"],
  states: {
    Work: { to: ["Sleep"], run: Effect.as(Effect.sleep("1 second"), "Sleep" as const) },
    Sleep: { to: ["Wait"], run: Task.sleep("2 seconds", "Wait") },
    Wait: { to: ["Retry"], run: Task.awaitSignal(Go, () => "Retry", { timeout: "2 seconds", onTimeout: "Retry" }) },
    Retry: {
      to: ["Done"],
      run: Task.make({
        retry: Retry.fixed(1, "2 seconds"),
        run: () =>
          Effect.flatMap(Durable.Run, ({ attempt }) =>
            attempt === 1 ? Effect.fail("again" as const) : Effect.as(Effect.sleep("1 second"), "Done" as const)
          )
      })
    }
  }
}) as unknown as Workflow.Workflow<"Work" | "Sleep" | "Wait" | "Retry" | "Done", "Done", "again", never, "Work">

describe("cancellation", () => {
  const { runs, seed } = replay(300)

  it.effect(
    `${runs} cancellations at random moments: the answer and the end agree, and nothing happens after the end`,
    () =>
      Effect.gen(function* () {
        const journal = yield* memory
        const slow = slowly(journal, seed)
        const worker = { concurrency: 5000 }
        const first = yield* processOf(slow, [varied], { worker })
        // it drives none of the runs: its cancellations reach their owner through the journal
        const client = yield* clientOf(slow)
        const rng = random(seed)
        const ids = Array.from({ length: runs }, (_, at) => `r${at}`)
        const answers = new Map<string, string>()
        const cancelling = yield* Effect.forkChild(
          Effect.forEach(
            ids,
            (runId) =>
              Effect.gen(function* () {
                yield* first.run(Durable.start(varied, { runId }))
                const by: Process["run"] = rng.chance(0.5) ? first.run : client
                const answer = yield* Effect.delay(by(Durable.cancel(runId)), rng.int(9500))
                answers.set(runId, answer)
                if (answer === "AlreadyEnded") return
                const head = yield* by(Durable.get(runId))
                if (answer === "Cancelled") assert.strictEqual(head.status, "cancelled", runId)
              }),
            { concurrency: "unbounded" }
          )
        )
        yield* pass("30 seconds")
        yield* Fiber.join(cancelling)
        const counts: Record<string, number> = {}
        for (const { isCancelRequested, runId, status } of yield* journal.heads(ids)) {
          const answer = answers.get(runId)!
          counts[`${answer} ${status}`] = (counts[`${answer} ${status}`] ?? 0) + 1
          assert.include(["done", "cancelled"], status, runId)
          assert.strictEqual(isCancelRequested, answer !== "AlreadyEnded", runId)
          if (answer === "Cancelled") assert.strictEqual(status, "cancelled", runId)
          if (answer === "AlreadyEnded") assert.strictEqual(status, "done", runId)
        }
        for (const end of ["Cancelled cancelled", "Requested cancelled", "AlreadyEnded done"])
          assert.isAbove(counts[end] ?? 0, 0, JSON.stringify(counts))
      }),
    120_000
  )

  it.effect("ends a run of a version that no worker knows, one that is ready, and one that waits", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      const client = yield* clientOf(journal)
      yield* client(Durable.start(varied, { runId: "unknown" }))
      yield* client(Durable.start(varied, { runId: "later", delay: "1 hour" }))
      for (const runId of ["unknown", "later"]) {
        assert.strictEqual(yield* client(Durable.cancel(runId)), "Cancelled")
        assert.strictEqual(yield* client(Durable.cancel(runId)), "AlreadyEnded")
        const error = yield* Effect.flip(client(Durable.awaitOutcome(varied, runId)))
        assert.strictEqual((error as { readonly _tag: string })._tag, "RunCancelled")
      }
      assert.strictEqual((yield* Effect.flip(client(Durable.cancel("nobody"))))._tag, "UnknownRun")
    })
  )
})

describe("workers that race", () => {
  const { runs: seeds, seed: first } = replay(3)

  it.effect(
    `D3: four workers, whose leases run out again and again, take 30 runs to their ends, with ${seeds} seeds from ${first}`,
    () =>
      Effect.gen(function* () {
        for (let seed = first; seed < first + seeds; seed++) {
          const rng = random(seed)
          const journal = yield* memory
          const entered: Array<string> = []
          const state =
            <const Next extends string>(next: Next) =>
            () =>
              Effect.gen(function* () {
                const { key } = yield* Durable.Run
                yield* Effect.sleep(rng.int(3000))
                entered.push(key)
                return next
              })
          const workflow = Workflow.make("raced", Schema.Literals(["A", "B", "C", "Done"]), {
            initial: "A",
            exits: ["Done"],
            states: {
              A: { to: ["B"], run: state("B") },
              B: { to: ["C"], run: state("C") },
              C: { to: ["Done"], run: state("Done") }
            }
          }) as unknown as Workflow.Workflow<"A" | "B" | "C" | "Done", "Done", never, never, "A">
          const worker = { staleAfter: "3 seconds", concurrency: 20, maxCrashes: 100 } as const
          const processes = yield* Effect.forEach([1, 2, 3, 4], (at) =>
            processOf(slowly(journal, seed * 10 + at), [workflow], { worker })
          )
          const ids = Array.from({ length: 30 }, (_, at) => `r${at}`)
          for (const runId of ids) yield* Effect.forkChild(processes[0]!.run(Durable.start(workflow, { runId })))
          for (let i = 0; i < 15; i++) {
            const { freeze, thaw } = rng.pick(processes).handle
            yield* freeze
            yield* pass(rng.int(5000))
            yield* thaw
          }
          yield* pass("60 seconds")
          for (const runId of ids) {
            const steps = yield* journal.steps({ runId, after: -1, limit: 100, payloads: false })
            const hint = `CANO_SEED=${seed} CANO_RUNS=1, ${runId}`
            assert.deepStrictEqual(
              steps.map(({ tag }) => tag),
              ["A", "B", "C", "Done"],
              hint
            )
            const fences = steps.map(({ fence }) => fence)
            assert.deepStrictEqual(
              fences,
              [...fences].sort((one, other) => one - other),
              hint
            )
            for (const sequence of [0, 1, 2]) assert.include(entered, `${runId}/${sequence}`, hint)
          }
          for (const { close } of processes) yield* close
        }
      }),
    120_000
  )

  it.effect("D3: eight starts of one id at once give one run, which runs once", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      let visits = 0
      const workflow = Workflow.make("once", Schema.Literals(["A", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["Done"],
            run: Effect.as(
              Effect.delay(
                Effect.sync(() => visits++),
                10
              ),
              "Done" as const
            )
          }
        }
      })
      const processes = yield* Effect.forEach([1, 2, 3, 4], (at) => processOf(slowly(journal, at), [workflow]))
      const starts = yield* Effect.forkChild(
        Effect.forEach([...processes, ...processes], ({ run }) => run(Durable.run(workflow, { runId: "r" })), {
          concurrency: "unbounded"
        })
      )
      yield* pass("10 seconds")
      assert.deepStrictEqual(
        yield* Fiber.join(starts),
        Array.from({ length: 8 }, () => "Done")
      )
      assert.strictEqual(visits, 1)
    })
  )
})
