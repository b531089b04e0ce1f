/** The tables of docs/observability.md are true: recorded scenarios are held against them. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import { PrometheusMetrics } from "effect/observability"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { inVirtualTime } from "effect-cano-testing/Runs"
import * as Concurrent from "../../src/Concurrent.ts"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import * as Metrics from "../../src/Metrics.ts"
import * as Node from "../../src/Node.ts"
import * as Observer from "../../src/Observer.ts"
import * as Retry from "../../src/Retry.ts"
import * as Scheduler from "../../src/Scheduler.ts"
import * as Task from "../../src/Task.ts"
import * as Trigger from "../../src/Trigger.ts"
import * as Wait from "../../src/Wait.ts"
import * as Workflow from "../../src/Workflow.ts"
import { matcher, type Name, namesIn, tableOf } from "../support/contract.ts"
import { compensated as durableSaga, durableScenarios, plain, toEnd, working } from "../support/durableScenarios.ts"

class Declined extends Data.TaggedError("Declined")<{ readonly card: string }> {}

const States = Schema.Literals(["Start", "Work", "Done", "Failed"])

/** `Start`, then what is given as `Work`, then an exit. */
const machine = <E, R>(
  name: string,
  work: Effect.Effect<"Done" | "Failed", E, R> | Task.Task<unknown, "Done" | "Failed", E, R>
) =>
  Workflow.make(name, States, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: {
      Start: { to: ["Work"], run: () => "Work" },
      Work: { to: ["Done", "Failed"], run: work as Task.Task<unknown, "Done", E, R> }
    }
  })

/** Fails so often, then is done. */
const flaky = (failures: number): Effect.Effect<"Done", Declined> => {
  let left = failures
  return Effect.suspend(() => (left-- > 0 ? Effect.fail(new Declined({ card: "4111" })) : Effect.succeed("Done")))
}

const retrying = (failures: number, retries: number) =>
  machine("retrying", Task.make({ name: "charge", retry: Retry.fixed(retries, "1 second"), run: flaky(failures) }))

const child = machine("child", Effect.as(Effect.sleep(10), "Done"))

const catching = () =>
  Workflow.make("catching", States, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: {
      Start: { to: ["Work"], run: () => "Work" },
      Work: { to: ["Done", "Failed"], run: flaky(1), catch: { Declined: "Failed" } }
    }
  })

const compensated = () =>
  Workflow.make("compensated", States, {
    initial: "Start",
    exits: ["Done", "Failed"],
    compensateOn: ["Failed"],
    states: {
      Start: { to: ["Work"], run: () => "Work", compensate: () => Effect.fail(new Declined({ card: "4111" })) },
      Work: { to: ["Failed", "Done"], run: () => "Failed", compensate: () => Effect.sleep(5) }
    }
  })

const noded = () =>
  machine(
    "noded",
    Node.make({
      name: "page",
      retry: Retry.fixed(1, "1 second"),
      prep: () => 1,
      exec: () => Effect.andThen(flaky(1), Effect.void),
      post: () => "Done"
    })
  )

const forking = () =>
  machine(
    "forking",
    Task.fork({
      branches: {
        run: child,
        task: Task.make({ retry: Retry.fixed(1, 5), run: flaky(1) }),
        node: Node.make({ prep: () => 1, exec: () => 2, post: () => "Done" })
      },
      join: () => "Done"
    })
  )

const batch = Concurrent.workflow(machine("sleeper", Effect.as(Effect.sleep("1 second"), "Done")), {
  instances: [{ id: "a" }, { id: "b" }, { id: "c" }],
  concurrency: 2,
  wait: Wait.quota(1)
})

const scheduled = Effect.gen(function* () {
  const scheduler = yield* Scheduler.make()
  yield* scheduler.add("slow", Trigger.every("1 second"), Effect.delay(Workflow.run(child), "1500 millis"))
  yield* scheduler.add("bad", Trigger.manual, Effect.fail(new Declined({ card: "4111" })))
  yield* scheduler.start
  const run = yield* scheduler.trigger("bad")
  yield* run.await
  yield* Effect.sleep("5 seconds")
  yield* scheduler.stop({ grace: 0 })
}).pipe(Effect.scoped, Effect.orDie)

/** Made anew for each run, because a flaky task counts its failures. */
const makeScenarios = (): Record<string, Effect.Effect<unknown, unknown>> => ({
  "a plain run": Workflow.run(machine("plain", Effect.succeed("Done"))),
  retries: Workflow.run(retrying(2, 2)),
  "retries that give up": Workflow.run(retrying(3, 2)),
  "node phases": Workflow.run(noded()),
  "an error edge": Workflow.run(catching()),
  "a defect": Workflow.run(machine("dying", Effect.die(new Error("4111")))),
  "an interruption": Effect.timeoutOption(Workflow.run(machine("waiting", Effect.never)), "1 second"),
  "a nested workflow": Workflow.run(
    machine(
      "parent",
      Workflow.asTask(child, () => "Done")
    )
  ),
  "a fork": Workflow.run(forking()),
  "a batch with a quota": batch,
  "a saga": Workflow.run(compensated()),
  "a scheduler with overlap": scheduled,
  ...durableScenarios
})

const scenario = (name: string): Effect.Effect<unknown, unknown> => Effect.suspend(() => makeScenarios()[name]!)

const names = Object.keys(makeScenarios())

const spanRows = tableOf("spans").map(([name, inside, atStart, atEnd, events]) => ({
  name: namesIn(name!)[0]!.name,
  inside: namesIn(inside!).map(({ name }) => name),
  isRoot: inside!.includes("caller") || inside === "none",
  attributes: [...namesIn(atStart!), ...namesIn(atEnd!)],
  atStart: namesIn(atStart!),
  events: namesIn(events!).map(({ name }) => name)
}))

const eventRows = new Map(
  tableOf("span events").map(([name, , attributes]) => [namesIn(name!)[0]!.name, namesIn(attributes!)])
)

const rowOf = (name: string) =>
  spanRows.find((row) => matcher(row.name).test(name)) ?? assert.fail(`the span "${name}" is not documented`)

const assertNames = (what: string, found: Iterable<string>, documented: ReadonlyArray<Name>) => {
  const names = new Set(found)
  for (const { name, optional } of documented) if (!optional) assert.isTrue(names.has(name), `${what} lacks ${name}`)
  for (const name of names) {
    assert.isTrue(
      documented.some((d) => d.name === name),
      `${what} has ${name}, which is not documented`
    )
  }
}

const record = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span(options) {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return Effect.as(inVirtualTime(Effect.withTracer(effect, tracer), "1 hour"), spans)
}

/** What a span must have by the table, whatever the scenario. */
const check = (span: Tracer.NativeSpan) => {
  const row = rowOf(span.name)
  const parent = Option.getOrUndefined(span.parent)
  if (parent === undefined) assert.isTrue(row.isRoot, `${span.name} has no parent`)
  else {
    const name = (parent as Tracer.NativeSpan).name
    assert.isTrue(
      row.inside.some((inside) => matcher(inside).test(name)),
      `${span.name} is inside ${name}`
    )
  }
  const { status } = span
  if (status._tag !== "Ended") return assert.fail(`${span.name} has not ended`)
  const failed = status.exit._tag === "Failure" && !Cause.hasInterruptsOnly(status.exit.cause)
  const error = { name: "error.type", optional: !failed }
  // An interrupted span may have ended before it knew what it documents for its end.
  const interrupted = status.exit._tag === "Failure" && !failed
  const attributes = row.attributes.map((d) => ({
    name: d.name,
    optional: d.optional || (interrupted && !row.atStart.includes(d))
  }))
  assertNames(span.name, span.attributes.keys(), failed ? [...attributes, error] : attributes)
  for (const [event, , given] of span.events) {
    assert.include(row.events, event, span.name)
    assertNames(`${span.name}: ${event}`, Object.keys(given), eventRows.get(event)!)
  }
}

describe("the span table of docs/observability.md", () => {
  for (const name of names) {
    it.effect(`holds for ${name}`, () =>
      Effect.gen(function* () {
        const spans = yield* record(scenario(name))
        assert.isNotEmpty(spans)
        spans.forEach(check)
      })
    )

    it.effect(`holds for ${name} that is observed as well`, () =>
      Effect.gen(function* () {
        const spans = yield* record(Observer.record(scenario(name)))
        for (const span of spans) {
          check(span)
          assert.strictEqual(span.attributes.has("cano.run.id"), /^(run|start|stay) /.test(span.name), span.name)
        }
      })
    )
  }

  it.effect("has no row, parent, attribute or event that never occurs", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const inTask = machine("batching", Effect.as(batch, "Done"))
      const inNode = machine("node", Node.make({ prep: () => 1, exec: () => batch, post: () => "Done" }))
      const inAttempt = machine("again", Task.make({ retry: Retry.none, run: Effect.as(batch, "Done") }))
      const nestedAgain = machine("deep", Task.make({ retry: Retry.none, run: Effect.as(Workflow.run(child), "Done") }))
      const forkAgain = machine("fork", Task.fork({ retry: Retry.none, branches: [child], join: () => "Done" }))
      const flowBatch = Effect.gen(function* () {
        const scheduler = yield* Scheduler.make()
        const flow = yield* scheduler.add("batch", Trigger.manual, batch)
        yield* scheduler.start
        yield* Effect.flatMap(scheduler.trigger(flow), (run) => run.await)
      }).pipe(Effect.scoped)
      const rare = [inTask, inNode, inAttempt, nestedAgain, forkAgain].map((workflow) => Workflow.run(workflow))
      const called = Effect.withSpan(Effect.andThen(Workflow.run(child), batch), "caller")
      const branchOnly = (branch: Task.Task<unknown, unknown, Declined, any>) =>
        Workflow.run(machine("b", Task.fork({ branches: { branch }, join: () => "Done" })))
      const retriedBranch = branchOnly(Node.make({ retry: Retry.none, prep: () => 1, exec: () => 1, post: () => "x" }))
      const failedBranch = branchOnly(Task.make({ run: flaky(1) }))
      const start = Effect.provide(Durable.start(plain, { runId: "r" }), Durable.layerClient)
      const startInState = Workflow.run(
        machine("starting", Effect.as(Effect.provide(start, Journal.layerMemory), "Done"))
      )
      const rest = [flowBatch, called, retriedBranch, failedBranch, startInState]
      for (const effect of [...names.map(scenario), ...rare, ...rest]) {
        spans.push(...(yield* record(Observer.record(effect as Effect.Effect<unknown>))))
      }
      const nameOf = (span: Tracer.AnySpan) => (span as Tracer.NativeSpan).name
      for (const row of spanRows) {
        const mine = spans.filter((span) => matcher(row.name).test(span.name))
        assert.isNotEmpty(mine, row.name)
        for (const inside of row.inside) {
          const seen = mine.some((span) => Option.exists(span.parent, (parent) => matcher(inside).test(nameOf(parent))))
          assert.isTrue(seen, `${row.name} inside ${inside} does not occur`)
        }
        for (const { name } of row.attributes) {
          assert.isTrue(
            mine.some((span) => span.attributes.has(name)),
            `${row.name} never has ${name}`
          )
        }
        for (const event of row.events) {
          assert.isTrue(
            mine.some((span) => span.events.some(([name]) => name === event)),
            `${row.name}: ${event}`
          )
        }
      }
    })
  )
})

describe("the other tables of docs/observability.md", () => {
  it.effect("M3: metrics: names, kinds, units and labels, and the Prometheus text has them all", () =>
    Effect.gen(function* () {
      yield* Effect.forEach(names, (name) => inVirtualTime(Effect.provide(scenario(name), Metrics.layer()), "1 hour"))
      const ours = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("cano."))
      const text = yield* PrometheusMetrics.format()
      const documented = tableOf("metrics").map(([name, kind, unit, labels]) => ({
        name: namesIn(name!)[0]!.name,
        kind: kind!,
        unit: namesIn(unit!)[0]!.name,
        labels: namesIn(labels!).map(({ name }) => name)
      }))
      assert.deepStrictEqual(new Set(ours.map(({ id }) => id)), new Set(documented.map(({ name }) => name)))
      for (const { kind, labels, name, unit } of documented) {
        for (const metric of ours.filter(({ id }) => id === name)) {
          assert.strictEqual(metric.type.toLowerCase(), kind, name)
          assert.deepStrictEqual(Object.keys(metric.attributes ?? {}).toSorted(), [...labels, "unit"].toSorted(), name)
          assert.strictEqual(metric.attributes?.["unit"], unit, name)
        }
        const inPrometheus = name.replaceAll(".", "_")
        assert.include(text, `# TYPE ${inPrometheus} ${kind}\n`)
        assert.match(text, new RegExp(`^# HELP ${inPrometheus} .+`, "m"))
      }
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("logs: each annotation occurs where the table says, and no other of ours", () =>
    Effect.gen(function* () {
      const seen: Array<Readonly<Record<string, unknown>>> = []
      const logs = Logger.layer([
        Logger.map(Logger.formatStructured, ({ annotations, message }) => {
          if (message === "here") seen.push(annotations)
        })
      ])
      const logging = () =>
        machine("logging", Task.make({ retry: Retry.fixed(1, 1), run: Effect.andThen(Effect.log("here"), flaky(1)) }))
      const forked = machine("forked", Task.fork({ branches: { only: logging() }, join: () => "Done" }))
      const everything = Effect.gen(function* () {
        yield* Workflow.run(logging())
        yield* Observer.record(Concurrent.run([Workflow.run(forked)], { ids: ["one"] }))
        const scheduler = yield* Scheduler.make()
        const flow = yield* scheduler.add("nightly", Trigger.manual, Effect.log("here"))
        yield* scheduler.start
        yield* Effect.flatMap(scheduler.trigger(flow), (run) => run.await)
        const saga = durableSaga(Effect.log("here"))
        yield* Effect.provide(working(saga, toEnd(saga), { worker: "w" }), Journal.layerMemory)
      }).pipe(Effect.scoped, Effect.provide(logs))
      yield* inVirtualTime(everything)
      const durable = seen.pop()!
      assert.match(String(durable["cano.worker.name"]), /^w-/)
      assert.deepStrictEqual(
        { ...durable, "cano.worker.name": "w" },
        {
          "cano.workflow.name": "compensated",
          "cano.state.name": "Start",
          "cano.attempt": 1,
          "cano.run.id": "r",
          "cano.worker.name": "w"
        }
      )
      const inRun = { "cano.workflow.name": "logging", "cano.state.name": "Work" }
      const around = { "cano.run.id": "2", "cano.instance.id": "one", "cano.branch.id": "only" }
      assert.deepStrictEqual(
        seen,
        [
          { ...inRun, "cano.attempt": 1 },
          { ...inRun, "cano.attempt": 2 },
          { ...inRun, "cano.attempt": 1, ...around },
          { ...inRun, "cano.attempt": 1, ...around },
          { "cano.flow.id": "nightly" }
        ].map((annotations, index) => (index === 3 ? { ...annotations, "cano.attempt": 2 } : annotations)) as any
      )
      const documented = tableOf("logs").map(([name]) => namesIn(name!)[0]!.name)
      assert.deepStrictEqual(new Set([...seen, durable].flatMap(Object.keys)), new Set(documented))
    })
  )

  it.effect("events: every kind with its fields", () =>
    Effect.gen(function* () {
      const events: Array<Observer.WorkflowEvent> = []
      for (const name of names) {
        const exit = yield* inVirtualTime(Observer.record(scenario(name)), "1 hour")
        if (exit._tag === "Success") events.push(...exit.value.events)
      }
      const documented = new Map(
        tableOf("events").map(([name, fields]) => [namesIn(name!)[0]!.name, namesIn(fields!).map(({ name }) => name)])
      )
      assert.deepStrictEqual(new Set(events.map(({ _tag }) => _tag)), new Set(documented.keys()) as Set<any>)
      for (const event of events) {
        const fields = ["_tag", "at", "run", "workflow", ...documented.get(event._tag)!]
        assert.deepStrictEqual(Object.keys(event).toSorted(), fields.toSorted())
      }
    })
  )
})
