/** Workers whose journal fails, hangs, answers late, or loses its answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type { Fault, Operation, Plan } from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as Workflow from "../../src/Workflow.ts"
import { clientOf, memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

/** A workflow of three states with work of ten seconds, and a log of what it does. */
const logging = () => {
  const log: Array<string> = []
  const work = <const Next extends string>(name: string, next: Next) =>
    Effect.sync(() => log.push(`${name} begins`)).pipe(
      Effect.andThen(Effect.sleep("10 seconds")),
      Effect.andThen(Effect.sync(() => log.push(`${name} ends`))),
      Effect.onInterrupt(() => Effect.sync(() => log.push(`${name} stops`))),
      Effect.as(next)
    )
  const workflow = Workflow.make("logging", Schema.Literals(["A", "B", "C", "Done"]), {
    initial: "A",
    exits: ["Done"],
    states: {
      A: { to: ["B"], run: work("A", "B") },
      B: { to: ["C"], run: work("B", "C") },
      C: { to: ["Done"], run: work("C", "Done") }
    }
  })
  return { log, workflow }
}

const whole = ["A", "B", "C"].flatMap((name) => [`${name} begins`, `${name} ends`])

/** The fault of some calls of one operation. */
const on =
  (operation: Operation, fault: Fault, which: (number: number) => boolean = () => true): Plan =>
  (call) =>
    call.operation === operation && which(call.number) ? fault : undefined

describe("a journal that is away", () => {
  for (const fault of ["FailBefore", "FailAfter"] as const) {
    it.effect(`D1: every other append ${fault}: nothing runs ahead of the journal, and no state runs twice`, () =>
      Effect.gen(function* () {
        const { log, workflow } = logging()
        const { run } = yield* processOf(yield* memory, [workflow], {
          plan: on("append", fault, (number) => number % 2 === 0)
        })
        const exit = yield* Effect.forkChild(run(Durable.run(workflow, { runId: "r" })))
        yield* pass("40 seconds")
        assert.strictEqual(yield* Fiber.join(exit), "Done")
        assert.deepStrictEqual(log, whole)
      })
    )
  }

  it.effect(
    "D1: no append is answered for a minute: the next state begins when the row is written, and not before",
    () =>
      Effect.gen(function* () {
        const { log, workflow } = logging()
        let isAway = true
        const { handle, run } = yield* processOf(yield* memory, [workflow], {
          plan: (call) => (call.operation === "append" && isAway ? "FailBefore" : undefined)
        })
        yield* run(Durable.start(workflow, { runId: "r" }))
        yield* pass("70 seconds")
        assert.deepStrictEqual(log, ["A begins", "A ends"])
        assert.isAbove(handle.calls("append"), 50)
        isAway = false
        yield* pass("25 seconds")
        assert.deepStrictEqual(log, whole)
      })
  )

  for (const operation of ["create", "append", "beat", "define", "heads"] as const) {
    it.effect(`J1, J3: each ${operation} comes twice, and changes nothing`, () =>
      Effect.gen(function* () {
        const { log, workflow } = logging()
        const { run } = yield* processOf(yield* memory, [workflow], { plan: on(operation, "Twice") })
        yield* run(Durable.start(workflow, { runId: "r" }))
        yield* pass("60 seconds")
        assert.strictEqual(yield* run(Durable.awaitOutcome(workflow, "r")), "Done")
        assert.deepStrictEqual(log, whole)
      })
    )
  }

  it.effect("D4: a claim whose answer is lost gives its runs back at the next beat", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const journal = yield* memory
      const client = yield* clientOf(journal)
      yield* client(Durable.start(workflow, { runId: "r" }))
      yield* processOf(journal, [workflow], { plan: on("claim", "FailAfter", (number) => number === 0) })
      yield* pass(0)
      assert.strictEqual((yield* client(Durable.get("r"))).status, "running")
      yield* pass("6 seconds")
      assert.deepStrictEqual(log, ["A begins"])
    })
  )

  it.effect("D4: a start whose answer is lost is run at the next beat", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const { run } = yield* processOf(yield* memory, [workflow], {
        plan: on("create", "FailAfter", (number) => number === 0)
      })
      const failure = yield* Effect.flip(run(Durable.run(workflow, { runId: "r" })))
      assert.strictEqual(failure._tag, "JournalFailure")
      yield* pass("6 seconds")
      assert.deepStrictEqual(log, ["A begins"])
    })
  )

  it.effect("a claim that dies does not end the worker", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const journal = yield* memory
      let claims = 0
      const broken = {
        ...journal,
        claim: (claim: Parameters<typeof journal.claim>[0]) =>
          claims++ < 2 ? Effect.die(new Error("a bug of a journal")) : journal.claim(claim)
      }
      const { run } = yield* processOf(broken, [workflow])
      yield* run(Durable.start(workflow, { runId: "r" }))
      yield* pass("5 seconds")
      assert.deepStrictEqual(log, ["A begins"])
    })
  )
})

describe("a journal that does not answer", () => {
  const operations = ["append", "claim", "beat", "leave", "release", "heads", "signals"] as const
  for (const operation of operations) {
    it.effect(`D9: each ${operation} hangs: the layer closes all the same`, () =>
      Effect.gen(function* () {
        const { workflow } = logging()
        let isHanging = false
        const { close, run } = yield* processOf(yield* memory, [workflow], {
          worker: { drain: "5 seconds" },
          plan: (call) => (call.operation === operation && isHanging ? "HangBefore" : undefined)
        })
        yield* run(Durable.start(workflow, { runId: "r" }))
        yield* pass("5 seconds")
        isHanging = true
        yield* pass("8 seconds")
        const closed = yield* Effect.forkChild(close)
        yield* pass("30 seconds")
        assert.isDefined(closed.pollUnsafe(), "the layer has not closed")
      })
    )
  }

  it.effect("a start that hangs can be interrupted", () =>
    Effect.gen(function* () {
      const { workflow } = logging()
      const { run } = yield* processOf(yield* memory, [workflow], { plan: on("create", "HangBefore") })
      const started = yield* Effect.forkChild(run(Durable.run(workflow, { runId: "r" })))
      yield* pass("1 second")
      started.interruptUnsafe()
      yield* pass("1 second")
      assert.isDefined(started.pollUnsafe(), "the start goes on")
    })
  )

  it.effect("D4: a claim that hangs is given up, and the worker claims again", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const { run } = yield* processOf(yield* memory, [workflow], {
        plan: on("claim", "HangAfter", (number) => number < 2)
      })
      yield* run(Durable.start(workflow, { runId: "r" }))
      yield* pass("40 seconds")
      assert.include(log, "A begins")
    })
  )

  it.effect("D4: beats hang: the state is stopped within staleAfter, and another worker runs it", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const journal = yield* memory
      let isHanging = false
      const first = yield* processOf(journal, [workflow], {
        plan: (call) => (call.operation === "beat" && isHanging ? "HangBefore" : undefined),
        worker: { staleAfter: "6 seconds" }
      })
      yield* first.run(Durable.start(workflow, { runId: "r" }))
      yield* pass("1 second")
      isHanging = true
      const second = logging()
      yield* processOf(journal, [second.workflow], { worker: { staleAfter: "6 seconds" } })
      yield* pass("7 seconds")
      assert.deepStrictEqual(log, ["A begins", "A stops"])
      yield* pass("2 seconds")
      assert.deepStrictEqual(second.log, ["A begins"])
      yield* pass("60 seconds")
      assert.deepStrictEqual(second.log, whole)
      assert.deepStrictEqual(log, ["A begins", "A stops"])
    })
  )

  it.effect("D4: a worker that cannot beat claims nothing", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const journal = yield* memory
      const client = yield* clientOf(journal)
      let isHanging = false
      yield* processOf(journal, [workflow], {
        plan: (call) => (call.operation === "beat" && isHanging ? "FailBefore" : undefined)
      })
      isHanging = true
      yield* pass("20 seconds")
      yield* client(Durable.start(workflow, { runId: "r" }))
      yield* pass("20 seconds")
      assert.deepStrictEqual(log, [])
      isHanging = false
      yield* pass("10 seconds")
      assert.deepStrictEqual(log.slice(0, 1), ["A begins"])
    })
  )

  it.effect("D4: an append that hangs keeps no place when the lease has run out", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      let isHanging = false
      const { run } = yield* processOf(yield* memory, [workflow], {
        plan: ({ operation }) =>
          isHanging && (operation === "append" || operation === "beat") ? "HangBefore" : undefined,
        worker: { concurrency: 1 }
      })
      yield* run(Durable.start(workflow, { runId: "r" }))
      yield* pass("5 seconds")
      isHanging = true
      yield* pass("30 seconds")
      isHanging = false
      yield* pass("60 seconds")
      assert.deepStrictEqual(log, ["A begins", "A ends", ...whole])
    })
  )

  it.effect("D3: a frozen process goes on after its run was taken over: its rows are refused, and it stops", () =>
    Effect.gen(function* () {
      const { log, workflow } = logging()
      const journal = yield* memory
      const first = yield* processOf(journal, [workflow])
      yield* first.run(Durable.start(workflow, { runId: "r" }))
      yield* pass("5 seconds")
      yield* first.handle.freeze
      const second = logging()
      yield* processOf(journal, [second.workflow])
      yield* pass("18 seconds")
      assert.deepStrictEqual(second.log, ["A begins"])
      const appends = first.handle.calls("append")
      assert.strictEqual(appends, 1)
      yield* first.handle.thaw
      yield* pass("60 seconds")
      assert.deepStrictEqual(second.log, whole)
      assert.deepStrictEqual(log, ["A begins", "A ends"])
      const steps = yield* journal.steps({ runId: "r", after: -1, limit: 100, payloads: false })
      assert.deepStrictEqual(
        steps.map(({ fence, tag }) => [fence, tag]),
        [
          [0, "A"],
          [2, "B"],
          [2, "C"],
          [2, "Done"]
        ]
      )
    })
  )
})
