/** The spans of durable runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as TestJournal from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import { pass } from "../support/durable.ts"
import {
  compensated,
  durableScenarios,
  Go,
  draining,
  hanging,
  listening,
  machine,
  plain,
  sleeping,
  toEnd,
  working
} from "../support/durableScenarios.ts"
import { recorder } from "../support/recorder.ts"
import { attributesOf, exitOf, treeOf } from "../support/tracing.ts"

const minute = 60_000_000_000n

/** The spans of one of the scenarios. */
const spansOf = (name: string) =>
  Effect.gen(function* () {
    const { record, spans } = recorder()
    yield* inVirtualTime(record(durableScenarios[name]!))
    assert.isTrue(spans.every((span) => span.status._tag === "Ended"))
    return spans
  })

const timesOf = ({ startTime, status }: Tracer.NativeSpan) =>
  status._tag === "Ended" ? ([startTime, status.endTime] as const) : assert.fail("the span has not ended")

describe("the spans of a durable run", () => {
  it.effect("each stay is a trace, and shows the wait before it", () =>
    Effect.gen(function* () {
      const spans = yield* spansOf("a durable run that sleeps")
      assert.deepStrictEqual(treeOf(spans), [
        "start sleeping",
        "stay sleeping",
        "  run sleeping",
        "    state Start",
        "    state Work",
        "stay sleeping",
        "  wait Work",
        "  run sleeping",
        "    state Work"
      ])
      const [first, second] = spans.filter(({ name }) => name === "stay sleeping")
      const wait = spans.find(({ name }) => name === "wait Work")!
      const start = 1_000_000n
      assert.deepStrictEqual(timesOf(first!), [start, start])
      assert.deepStrictEqual(timesOf(wait), [start, start + 10n * minute])
      assert.deepStrictEqual(timesOf(second!), [start + 10n * minute, start + 10n * minute])
      assert.notStrictEqual(first!.traceId, second!.traceId)
    })
  )

  for (const [name, waits] of [
    ["a durable run that sleeps", [{ "cano.wait.for": "time" }]],
    ["a durable run that waits for a signal", [{ "cano.wait.for": "signal", "cano.signal.name": "go" }]],
    ["a durable run that retries", [{ "cano.wait.for": "retry" }, { "cano.wait.for": "retry" }]],
    ["a durable run with a child", [{ "cano.wait.for": "time" }, { "cano.wait.for": "children" }]]
  ] as const)
    it.effect(`the wait of ${name}`, () =>
      Effect.gen(function* () {
        const found = attributesOf(yield* spansOf(name), "wait Work")
        const named = found.map(({ "cano.workflow.name": _, ...rest }) => rest)
        assert.deepStrictEqual(
          named,
          waits.map((wait) => ({ "cano.state.name": "Work", ...wait }))
        )
      })
    )

  for (const [name, ways] of [
    ["a durable run", ["start -> done"]],
    ["a durable run that sleeps", ["start -> waiting", "wait -> done"]],
    ["a durable run that starts later", ["start -> waiting", "wait -> done"]],
    ["a durable run that retries", ["start -> retrying", "retry -> retrying", "retry -> done"]],
    ["a durable saga", ["start -> failed"]],
    ["a durable run that is cancelled while it works", ["start -> cancelled"]],
    ["a durable run that is cancelled while it waits", ["start -> waiting"]],
    ["a durable run that is handed over", ["start -> released", "release -> done"]],
    ["a durable run that is taken over", ["start -> lost", "crash -> done"]]
  ] as const)
    it.effect(`how ${name} comes and leaves`, () =>
      Effect.gen(function* () {
        const stays = (yield* spansOf(name)).filter((span) => span.name.startsWith("stay "))
        assert.deepStrictEqual(
          stays.map(({ attributes }) => `${attributes.get("cano.stay.after")} -> ${attributes.get("cano.stay.end")}`),
          [...ways]
        )
        for (const stay of stays) {
          const exit = exitOf(stay)
          assert.strictEqual(Exit.isFailure(exit), stay.attributes.get("cano.stay.end") === "failed")
          if (Exit.isFailure(exit)) assert.strictEqual(stay.attributes.get("error.type"), "Declined")
        }
      })
    )

  it.effect("A14: a run that leaves has not failed, and was not interrupted", () =>
    Effect.gen(function* () {
      for (const [name, outcome] of [
        ["a durable run that sleeps", "left success"],
        ["a durable run that retries", "left left success"],
        ["a durable run that is handed over", "left success"],
        ["a durable run that is taken over", "left success"]
      ] as const) {
        const runs = (yield* spansOf(name)).filter((span) => span.name.startsWith("run "))
        assert.strictEqual(runs.map(({ attributes }) => attributes.get("cano.run.outcome")).join(" "), outcome)
        for (const run of runs) assert.isTrue(Exit.isSuccess(exitOf(run)))
      }
      const waits = (yield* spansOf("a durable run that sleeps")).filter(({ name }) => name === "state Work")
      for (const state of waits) assert.isTrue(Exit.isSuccess(exitOf(state)))
      // the state that the process stopped was interrupted, and says so
      const [stopped] = (yield* spansOf("a durable run that is handed over")).filter(
        ({ name }) => name === "state Work"
      )
      const exit = exitOf(stopped)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )

  it.effect("a state that ends while its worker drains says where it led to", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const started = Effect.andThen(Durable.start(draining, { runId: "r" }), Effect.sleep("30 seconds"))
      const first = working(draining, started, { drain: "1 hour" })
      yield* inVirtualTime(Effect.provide(record(first), Journal.layerMemory))
      const [state] = attributesOf(spans, "state Start")
      assert.strictEqual(state?.["cano.state.next"], "Work")
      assert.deepStrictEqual(
        attributesOf(spans, "run draining").map((run) => [run["cano.run.outcome"], run["cano.state.name"]]),
        [["left", "Work"]]
      )
    })
  )
})

describe("the trace that a durable run began in", () => {
  it.effect("each stay links to it, in whatever process, and is inside of no other span", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const journal = yield* Effect.service(Journal.Journal)
      const started = working(
        listening,
        Effect.andThen(Effect.withSpan(Durable.start(listening, { runId: "r" }), "request"), Effect.sleep("1 minute"))
      )
      const ended = working(
        listening,
        Effect.andThen(Durable.signal("r", Go, "now"), Effect.exit(Durable.awaitOutcome(listening, "r")))
      )
      const both = Effect.andThen(Effect.withSpan(started, "first process"), Effect.withSpan(ended, "second process"))
      yield* inVirtualTime(record(both))
      const request = spans.find(({ name }) => name === "request")!
      const start = spans.find(({ name }) => name === "start listening")!
      assert.strictEqual(Option.getOrUndefined(start.parent)?.spanId, request.spanId)
      const stays = spans.filter(({ name }) => name === "stay listening")
      assert.lengthOf(stays, 2)
      for (const stay of stays) {
        assert.isTrue(Option.isNone(stay.parent))
        assert.deepStrictEqual(
          stay.links.map(({ span }) => [span.traceId, span.spanId]),
          [[request.traceId, start.spanId]]
        )
      }
      const [head] = yield* journal.heads(["r"])
      assert.strictEqual(head?.trace, `00-${request.traceId}-${start.spanId}-01`)
    }).pipe(Effect.provide(Journal.layerMemory))
  )

  it.effect("a child links to the state of its parent", () =>
    Effect.gen(function* () {
      const spans = yield* spansOf("a durable run with a child")
      const state = spans.find(({ name }) => name === "state Work")!
      const children = spans.filter(({ name }) => name === "stay sleeping")
      assert.lengthOf(children, 2)
      for (const { links } of children)
        assert.deepStrictEqual(
          links.map(({ span }) => span.spanId),
          [state.spanId]
        )
    })
  )

  it.effect("A14: what was not sampled stays so, in all stays", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const run = working(sleeping, Effect.withSpan(toEnd(sleeping), "request", { sampled: false }))
      yield* inVirtualTime(record(Effect.provide(run, Journal.layerMemory)))
      const request = spans.find(({ name }) => name === "request")!
      assert.lengthOf(
        spans.filter(({ name }) => name === "stay sleeping"),
        2
      )
      for (const span of spans) {
        assert.isFalse(span.sampled, span.name)
        assert.strictEqual(span.traceId, request.traceId)
      }
    })
  )

  it.effect("ids that are none of W3C are not kept", () =>
    Effect.gen(function* () {
      const journal = yield* Effect.service(Journal.Journal)
      const strange = Tracer.externalSpan({ traceId: "trace", spanId: "span" })
      const run = working(plain, Effect.withParentSpan(toEnd(plain), strange))
      yield* inVirtualTime(run)
      const [head] = yield* journal.heads(["r"])
      assert.strictEqual(head?.status, "done")
      assert.isUndefined(head?.trace)
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})

describe("the spans of compensations", () => {
  it.effect("they are children of the stay, also of the one that goes on with them", () =>
    Effect.gen(function* () {
      const { record, spans } = recorder()
      const journal = yield* Effect.service(Journal.Journal)
      let isFirst = true
      const undo = Effect.suspend(() => (isFirst ? Effect.never : Effect.void))
      const workflow = compensated(undo)
      // it dies when the first compensation has its row
      const first = TestJournal.make(journal)
      const dying = Effect.provideService(
        working(workflow, toEnd(workflow), { drain: 0 }),
        Journal.Journal,
        first.journal
      )
      const process = yield* Effect.forkChild(record(dying))
      yield* pass("1 minute")
      yield* first.cutOff
      isFirst = false
      const second = working(workflow, Effect.exit(Durable.awaitOutcome(workflow, "r")))
      const successor = yield* Effect.forkChild(record(second))
      yield* pass("10 minutes")
      yield* Fiber.join(successor)
      yield* Fiber.interrupt(process)
      const [before, after] = spans.filter(({ name }) => name === "stay compensated")
      const of = (stay: Tracer.NativeSpan | undefined) =>
        spans
          .filter((span) => span.name === "cano.compensate" && Option.getOrUndefined(span.parent) === stay)
          .map(({ attributes }) => attributes.get("cano.state.name"))
      assert.deepStrictEqual(of(before), ["Work", "Start"])
      assert.deepStrictEqual(of(after), ["Start"])
      assert.strictEqual(after?.attributes.get("cano.stay.end"), "failed")
      assert.strictEqual(after?.attributes.get("error.type"), "Declined")
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})

describe("watching a durable run", () => {
  it.effect("W6: without watchers the journal is asked for nothing more", () =>
    Effect.gen(function* () {
      const calls = (isTraced: boolean) =>
        Effect.gen(function* () {
          const counted = TestJournal.make(yield* Effect.service(Journal.Journal))
          const run = Effect.provideService(working(sleeping, toEnd(sleeping)), Journal.Journal, counted.journal)
          yield* inVirtualTime(isTraced ? recorder().record(run) : run)
          return [counted.calls("steps"), counted.calls("append")]
        }).pipe(Effect.provide(Journal.layerMemory))
      assert.deepStrictEqual(yield* calls(false), [0, 3])
      assert.deepStrictEqual(yield* calls(true), [1, 3])
    })
  )

  for (const fault of ["FailBefore", "HangBefore"] as const)
    it.effect(`a journal whose history ${fault === "FailBefore" ? "fails" : "hangs"} does not stop the run`, () =>
      Effect.gen(function* () {
        const { record, spans } = recorder()
        const broken = TestJournal.make(yield* Effect.service(Journal.Journal), ({ operation }) =>
          operation === "steps" ? fault : undefined
        )
        const run = Effect.provideService(working(sleeping, toEnd(sleeping)), Journal.Journal, broken.journal)
        const exit = yield* inVirtualTime(record(run))
        assert.isTrue(Exit.isSuccess(exit))
        assert.lengthOf(
          spans.filter(({ name }) => name === "stay sleeping"),
          2
        )
      }).pipe(Effect.provide(Journal.layerMemory))
    )

  it.effect("a run does not see the services of who started it", () =>
    Effect.gen(function* () {
      const workflow = hanging()
      const { record, spans } = recorder()
      // only the caller is traced: the registration is not
      const run = working(
        workflow,
        Effect.andThen(record(Durable.start(workflow, { runId: "r" })), Effect.sleep("1 minute")),
        { drain: 0 }
      )
      yield* inVirtualTime(Effect.provide(run, Journal.layerMemory))
      assert.deepStrictEqual(treeOf(spans), ["start hanging"])
    })
  )

  it.effect("the span around a registration is not around its runs", () =>
    Effect.gen(function* () {
      const around: Array<Option.Option<Tracer.AnySpan>> = []
      const looking = machine(
        "looking",
        Effect.map(Effect.option(Effect.currentParentSpan), (span) => {
          around.push(span)
          return "Done" as const
        })
      )
      const layers = Tracer.externalSpan({ traceId: "0".repeat(31) + "1", spanId: "0".repeat(15) + "1" })
      const run = Effect.withParentSpan(working(looking, toEnd(looking)), layers)
      yield* inVirtualTime(Effect.provide(run, Journal.layerMemory))
      assert.deepStrictEqual(around, [Option.none()])
    })
  )
})
