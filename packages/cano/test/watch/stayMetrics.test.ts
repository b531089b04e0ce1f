/** The metrics of durable runs. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as TestJournal from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import * as Metrics from "../../src/Metrics.ts"
import { durableScenarios, plain, sleeping, working } from "../support/durableScenarios.ts"

/** The series of the durable metrics after an effect, as `name label=value ...: value`. Of a histogram, the count. */
const seriesOf = <A, E>(effect: Effect.Effect<A, E>, names: RegExp) =>
  Effect.gen(function* () {
    yield* inVirtualTime(Effect.provide(effect, Metrics.layer()))
    const found = (yield* Metric.snapshot).filter(({ id }) => names.test(id))
    return found
      .map(({ attributes: { unit: _, ...labels } = {}, id, state }) => {
        const named = Object.entries(labels).map(([name, value]) => ` ${name.replace(/^cano\./, "")}=${value}`)
        return `${id}${named.toSorted().join("")}: ${"value" in state ? state.value : "count" in state ? state.count : "?"}`
      })
      .toSorted()
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const durable = /^cano\.durable\.(?!last)/

describe("the metrics of durable runs", () => {
  for (const [name, series] of [
    [
      "a durable run that sleeps",
      [
        "cano.durable.active_stays workflow.name=sleeping: 0",
        "cano.durable.claims: 1",
        "cano.durable.lateness: 1",
        "cano.durable.runs run.status=done workflow.name=sleeping: 1",
        "cano.durable.stays stay.end=done workflow.name=sleeping: 1",
        "cano.durable.stays stay.end=waiting workflow.name=sleeping: 1",
        "cano.durable.waits wait.for=time: 1"
      ]
    ],
    [
      "a durable run that waits for a signal",
      [
        "cano.durable.active_stays workflow.name=listening: 0",
        "cano.durable.claims: 1",
        "cano.durable.runs run.status=done workflow.name=listening: 1",
        "cano.durable.signals signal.answer=Accepted: 2",
        "cano.durable.signals signal.answer=Duplicate: 1",
        "cano.durable.signals signal.answer=RunEnded: 1",
        "cano.durable.signals signal.answer=UnknownRun: 1",
        "cano.durable.stays stay.end=done workflow.name=listening: 1",
        "cano.durable.stays stay.end=waiting workflow.name=listening: 1",
        "cano.durable.waits wait.for=signal: 1"
      ]
    ],
    [
      "a durable run that is taken over",
      [
        "cano.durable.active_stays workflow.name=hanging: 0",
        "cano.durable.claims: 2",
        "cano.durable.runs run.status=done workflow.name=hanging: 1",
        "cano.durable.stays stay.end=done workflow.name=hanging: 1",
        "cano.durable.stays stay.end=lost workflow.name=hanging: 1",
        "cano.durable.takeovers: 1"
      ]
    ],
    [
      "a durable run that kills its process",
      [
        "cano.durable.active_stays workflow.name=hanging: 0",
        "cano.durable.claims: 1",
        "cano.durable.runs run.status=failed workflow.name=hanging: 1",
        "cano.durable.stays stay.end=lost workflow.name=hanging: 1"
      ]
    ],
    [
      "a durable run that is cancelled while it waits",
      [
        "cano.durable.active_stays workflow.name=sleeping: 0",
        "cano.durable.claims: 1",
        "cano.durable.runs run.status=cancelled workflow.name=sleeping: 1",
        "cano.durable.stays stay.end=waiting workflow.name=sleeping: 1",
        "cano.durable.waits wait.for=time: 1"
      ]
    ],
    [
      "a durable run whose claim was lost",
      [
        "cano.durable.active_stays workflow.name=plain: 0",
        "cano.durable.claims: 1",
        "cano.durable.orphans: 1",
        "cano.durable.runs run.status=done workflow.name=plain: 1",
        "cano.durable.stays stay.end=done workflow.name=plain: 1"
      ]
    ]
  ] as const)
    it.effect(`of ${name}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* seriesOf(durableScenarios[name]!, durable), [...series])
      })
    )

  it.effect("a durable run is no run of `cano.workflow.runs`; its attempts and transitions count", () =>
    Effect.gen(function* () {
      for (const [name, workflow, counts] of [
        ["a durable run that sleeps", "sleeping", { success: 2 }],
        ["a durable run that retries", "retrying", { failure: 2, success: 2 }],
        ["a durable run that is handed over", "hanging", { interrupted: 1, success: 2 }]
      ] as const) {
        const named = ` workflow.name=${workflow}`
        const attempts = Object.entries(counts).map(
          ([outcome, count]) => `cano.workflow.attempts attempt.outcome=${outcome}${named}: ${count}`
        )
        const found = yield* seriesOf(durableScenarios[name]!, /^cano\.workflow/)
        assert.deepStrictEqual(found, [...attempts, `cano.workflow.transitions${named}: 2`], name)
      }
    })
  )

  it.effect("a run that starts later is on time", () =>
    Effect.gen(function* () {
      yield* inVirtualTime(Effect.provide(durableScenarios["a durable run that starts later"]!, Metrics.layer()))
      const { count, sum } = yield* Metric.value(Metrics.wakeLateness)
      assert.deepStrictEqual([count, sum], [2, 0])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("a wake-up while no worker lives is late", () =>
    Effect.gen(function* () {
      const first = working(
        sleeping,
        Effect.andThen(Durable.start(sleeping, { runId: "r" }), Effect.sleep("5 minutes"))
      )
      const second = working(sleeping, Effect.exit(Durable.awaitOutcome(sleeping, "r")))
      const both = Effect.andThen(first, Effect.andThen(Effect.sleep("1 hour"), second))
      yield* inVirtualTime(Effect.provide(both, [Metrics.layer(), Journal.layerMemory]))
      const { count, sum } = yield* Metric.value(Metrics.wakeLateness)
      assert.deepStrictEqual([count, sum], [1, 55 * 60])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("A2: the times of the latest heartbeat and of the latest claim stand still when the journal is away", () =>
    Effect.gen(function* () {
      const journal = yield* Effect.service(Journal.Journal)
      const cut = TestJournal.make(journal)
      const run = working(plain, Effect.andThen(Effect.delay(cut.cutOff, "10 minutes"), Effect.sleep("1 hour")))
      yield* inVirtualTime(Effect.provide(Effect.provideService(run, Journal.Journal, cut.journal), Metrics.layer()))
      const beat = yield* Metric.value(Metrics.lastBeat)
      const claim = yield* Metric.value(Metrics.lastClaim)
      for (const { value } of [beat, claim]) {
        assert.isAtLeast(value, 540)
        assert.isAtMost(value, 601)
      }
      const failures = (yield* Metric.snapshot).filter(({ id }) => id === "cano.journal.failures")
      assert.includeMembers(
        failures.map(({ attributes }) => attributes?.["cano.journal.operation"]),
        ["beat", "claim"]
      )
      assert.isTrue(failures.every(({ attributes }) => attributes?.["cano.journal.reason"] === "Unavailable"))
    }).pipe(Effect.provide(Journal.layerMemory), Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("rows by their outcome", () =>
    Effect.gen(function* () {
      const journal = yield* Effect.service(Journal.Journal)
      const broken = TestJournal.make(journal, ({ number, operation }) =>
        operation === "append" && number === 0 ? "FailBefore" : undefined
      )
      const run = working(plain, Effect.exit(Durable.run(plain, { runId: "r" })))
      const series = yield* seriesOf(Effect.provideService(run, Journal.Journal, broken.journal), /^cano\.journal/)
      assert.deepStrictEqual(series, [
        "cano.journal.append.duration append.outcome=failed: 1",
        "cano.journal.append.duration append.outcome=written: 2",
        "cano.journal.failures journal.operation=append journal.reason=Unavailable: 1"
      ])
    }).pipe(Effect.provide(Journal.layerMemory))
  )
})
