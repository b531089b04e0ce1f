/** Processes that die with their runs, and processes that end in order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Durable from "../../src/Durable.ts"
import type * as Journal from "../../src/Journal.ts"
import { machineOf } from "../../src/internal/machine/machine.ts"
import * as Retry from "../../src/Retry.ts"
import * as Signal from "../../src/Signal.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { clientOf, memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

const Two = Schema.Literals(["Work", "Done"])

/** A workflow of one state with this task. */
const of = (name: string, run: unknown) =>
  Workflow.make(name, Two, {
    initial: "Work",
    exits: ["Done"],
    states: { Work: { to: ["Done"], run } }
  } as never) as unknown as Workflow.Workflow<"Work" | "Done", "Done", never, never, "Work">

describe("a run that kills its process", () => {
  for (const maxCrashes of [0, 1, 3])
    it.effect(
      `D8: ends as ProcessDied after ${maxCrashes + 1} processes, and the others end`,
      () =>
        Effect.gen(function* () {
          const journal = yield* memory
          let deaths = 0
          let kill: Effect.Effect<void> = Effect.void
          const poison = of(
            "poison",
            Effect.suspend(() => {
              deaths++
              return Effect.andThen(
                Effect.suspend(() => kill),
                Effect.never
              )
            })
          )
          let visits = 0
          const healthy = of(
            "healthy",
            Effect.as(
              Effect.delay(
                Effect.sync(() => visits++),
                "30 seconds"
              ),
              "Done" as const
            )
          )
          const client = yield* clientOf(journal)
          yield* client(Durable.start(poison, { runId: "poison" }))
          // beside the first death nobody else runs, if one death is already too many
          const neighbours = maxCrashes === 3 ? ["a", "b", "c", "d", "e"] : []
          for (const runId of neighbours) yield* client(Durable.start(healthy, { runId }))
          for (let i = 0; i < maxCrashes + 8; i++) {
            const process = yield* processOf(journal, [poison, healthy], { worker: { maxCrashes } })
            // its own task kills it: another fiber has to close the layer
            kill = process.handle.cutOff
            yield* Effect.raceFirst(process.handle.whenCutOff, pass("40 seconds"))
            yield* process.kill
            yield* pass("20 seconds")
          }
          const info = yield* client(Durable.get("poison"))
          assert.deepInclude(info, { status: "failed", errorTag: "ProcessDied", tag: "Work" })
          assert.strictEqual(deaths, maxCrashes + 1)
          for (const runId of neighbours) assert.strictEqual((yield* client(Durable.get(runId))).status, "done", runId)
          const error = yield* Effect.flip(client(Durable.awaitOutcome(poison, "poison")))
          assert.deepInclude(error as object, { _tag: "RunFailed", errorTag: "ProcessDied" })
        }),
      30_000
    )

  it.effect("D8: a run that gets ahead counts its crashes anew", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      const tags = ["S0", "S1", "S2", "S3", "S4", "S5", "Done"] as const
      let kill: Effect.Effect<void> = Effect.void
      const died = new Set<string>()
      const states = Object.fromEntries(
        tags.slice(0, -1).map((tag, at) => [
          tag,
          {
            to: [tags[at + 1]],
            run: Effect.suspend(() => {
              if (died.has(tag)) return Effect.succeed(tags[at + 1])
              died.add(tag)
              return Effect.andThen(kill, Effect.never)
            })
          }
        ])
      )
      const workflow = Workflow.make("ahead", Schema.Literals(tags), {
        initial: "S0",
        exits: ["Done"],
        states
      } as never) as unknown as Workflow.Workflow<"S0" | "Done", "Done", never, never, "S0">
      const client = yield* clientOf(journal)
      yield* client(Durable.start(workflow, { runId: "r" }))
      for (let i = 0; i < 7; i++) {
        const process = yield* processOf(journal, [workflow], { worker: { maxCrashes: 1 } })
        kill = process.handle.cutOff
        yield* Effect.raceFirst(process.handle.whenCutOff, pass("40 seconds"))
        yield* process.kill
        yield* pass("20 seconds")
      }
      assert.strictEqual((yield* client(Durable.get("r"))).status, "done")
      assert.strictEqual(died.size, 6)
    })
  )
})

describe("a worker that ends", () => {
  const Go = Signal.make("go", Schema.Number)
  let attempts = 0
  const kinds: ReadonlyArray<readonly [name: string, task: unknown, rest: Journal.Status]> = [
    ["a task that takes too long", Effect.as(Effect.sleep("10 minutes"), "Done"), "ready"],
    [
      "a task with its own retries",
      Task.make({ retry: Retry.fixed(3, "1 second"), run: Effect.as(Effect.sleep("10 minutes"), "Done" as const) }),
      "ready"
    ],
    [
      "a short retry delay",
      Task.make({ retry: Retry.fixed(1000, "900 millis"), run: Effect.fail("no") as Effect.Effect<"Done", string> }),
      "ready"
    ],
    [
      "a long retry delay",
      Task.make({ retry: Retry.fixed(3, "10 minutes"), run: Effect.fail("no") as Effect.Effect<"Done", string> }),
      "retrying"
    ],
    ["a sleep", Task.sleep("10 minutes", "Done"), "waiting"],
    [
      "a wait for a signal",
      Task.awaitSignal(Go, () => "Done" as const, { timeout: "10 minutes", onTimeout: "Done" }),
      "waiting"
    ],
    ["an uninterruptible task", Effect.as(Effect.uninterruptible(Effect.sleep("10 seconds")), "Done"), "ready"]
  ]
  for (const [name, task, rest] of kinds)
    it.effect(`D9: in ${name}: burns no attempt, ends nothing, and leaves the run to others at once`, () =>
      Effect.gen(function* () {
        const journal = yield* memory
        const undone: Array<string> = []
        const workflow = of("ending", task)
        Object.assign(machineOf(workflow).entries.get("Work")!, {
          compensate: () => Effect.sync(() => undone.push("Work"))
        })
        const client = yield* clientOf(journal)
        const process = yield* processOf(journal, [workflow], { worker: { drain: "5 seconds" } })
        yield* client(Durable.start(workflow, { runId: "r" }))
        yield* pass("3500 millis")
        const before = yield* client(Durable.get("r"))
        const closing = yield* Effect.forkChild(process.close)
        yield* pass("12 seconds")
        assert.isDefined(closing.pollUnsafe(), "the layer has not closed")
        const info = yield* client(Durable.get("r"))
        assert.deepInclude(info, { status: rest, attempt: before.attempt, crashes: 0, owner: undefined }, name)
        assert.deepStrictEqual(undone, [])
        assert.strictEqual((yield* journal.workers).length, 0)
        if (rest !== "ready" || name === "an uninterruptible task") return
        // another worker goes on with it, without a wait
        yield* processOf(journal, [workflow])
        yield* pass("10 millis")
        assert.strictEqual((yield* client(Durable.get("r"))).status, "running")
      })
    )

  it.effect("D9: in a compensation: it is not taken for failed, and goes on in another process", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      const undone: Array<string> = []
      const workflow = of("compensated", Effect.fail("no" as const))
      Object.assign(machineOf(workflow).entries.get("Work")!, {
        compensate: () =>
          Effect.andThen(
            Effect.sleep("1 minute"),
            Effect.sync(() => undone.push("Work"))
          )
      })
      const client = yield* clientOf(journal)
      yield* client(Durable.start(workflow, { runId: "r" }))
      const process = yield* processOf(journal, [workflow], { worker: { drain: "5 seconds" } })
      yield* pass("10 seconds")
      assert.deepInclude(yield* client(Durable.get("r")), { status: "running", phase: "compensating" })
      yield* Effect.forkChild(process.close)
      yield* pass("6 seconds")
      assert.deepInclude(yield* client(Durable.get("r")), { status: "ready", phase: "compensating", crashes: 0 })
      assert.deepStrictEqual(undone, [])
      yield* processOf(journal, [workflow])
      yield* pass("2 minutes")
      assert.deepInclude(yield* client(Durable.get("r")), { status: "failed", errorTag: "Failure" })
      assert.deepStrictEqual(undone, ["Work"])
    })
  )

  it.effect("D9: a task that ends in the time of drain is not run again", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      attempts = 0
      const workflow = Workflow.make("drained", Schema.Literals(["A", "B", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: Effect.as(
              Effect.delay(
                Effect.sync(() => attempts++),
                "10 seconds"
              ),
              "B" as const
            )
          },
          B: { to: ["Done"], run: () => "Done" as const }
        }
      })
      const client = yield* clientOf(journal)
      yield* client(Durable.start(workflow, { runId: "r" }))
      const process = yield* processOf(journal, [workflow], { worker: { drain: "30 seconds" } })
      yield* pass("3 seconds")
      const closing = yield* Effect.forkChild(process.close)
      yield* pass("8 seconds")
      assert.isDefined(closing.pollUnsafe(), "the layer waits longer than its states need")
      assert.deepInclude(yield* client(Durable.get("r")), { status: "ready", tag: "B", crashes: 0 })
      assert.strictEqual(attempts, 1)
    })
  )

  it.effect("D9: a start that meets the end of the worker is run by another one", () =>
    Effect.gen(function* () {
      const journal = yield* memory
      const workflow = of("late", Effect.as(Effect.void, "Done"))
      const process = yield* processOf(journal, [workflow], {
        plan: ({ operation }) => (operation === "create" ? { delay: "2 seconds" } : undefined)
      })
      yield* Effect.forkChild(process.run(Effect.exit(Durable.run(workflow, { runId: "r" }))))
      yield* pass("1 second")
      yield* process.close
      yield* pass("2 seconds")
      const client = yield* clientOf(journal)
      yield* processOf(journal, [workflow])
      yield* pass("20 seconds")
      assert.strictEqual((yield* client(Durable.get("r"))).status, "done")
    })
  )
})
