/** Registrations, versions and migrations, run ids, and what untyped callers give. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { defectsOf, errorOf } from "effect-cano-testing/Runs"
import { ConfigurationError } from "../../src/ConfigurationError.ts"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import * as Signal from "../../src/Signal.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { refusal } from "../support/refusal.ts"
import { clientOf, memory, processOf } from "../support/processes.ts"
import { pass } from "../support/durable.ts"

const simple = (name: string, value: string) =>
  Workflow.make(name, Schema.TaggedUnion({ Start: {}, Done: { value: Schema.String } }), {
    initial: "Start",
    exits: ["Done"],
    states: { Start: { to: ["Done"], run: () => ({ _tag: "Done", value }) as const } }
  })

const start = { _tag: "Start" } as const

describe("registration", () => {
  it.effect("D7: two workflows that look the same run their own code", () =>
    Effect.gen(function* () {
      const one = simple("one", "of one")
      const two = simple("two", "of two")
      for (const order of [
        [one, two],
        [two, one]
      ]) {
        const { run } = yield* processOf(yield* memory, order)
        for (const workflow of [one, two]) {
          yield* run(Durable.start(workflow, { runId: workflow.name, state: start }))
          yield* pass("2 seconds")
          const exit = yield* run(Durable.awaitOutcome(workflow, workflow.name))
          assert.deepStrictEqual(exit, { _tag: "Done", value: `of ${workflow.name}` })
        }
      }
    })
  )

  it.effect("refuses a second workflow of a name, also among nested ones", () =>
    Effect.gen(function* () {
      const nesting = (child: ReturnType<typeof simple>) =>
        Workflow.make("nesting", Schema.Literals(["A", "B", "Done"]), {
          initial: "A",
          exits: ["Done"],
          states: {
            A: {
              to: ["B"],
              run: Workflow.asTask(
                child,
                () => "B" as const,
                () => start
              )
            },
            B: {
              to: ["Done"],
              run: Workflow.asTask(
                simple("child", "other"),
                () => "Done" as const,
                () => start
              )
            }
          }
        } as never) as unknown as ReturnType<typeof simple>
      for (const workflows of [[simple("same", "a"), simple("same", "b")], [nesting(simple("child", "a"))]]) {
        const exit = yield* Effect.exit(processOf(yield* memory, workflows))
        const [defect] = defectsOf(exit)
        assert.instanceOf(defect, ConfigurationError)
        assert.include((defect as Error).message, "there is another workflow")
      }
      // one workflow in two states is one
      const child = simple("child", "a")
      const twice = Workflow.make("twice", Schema.Literals(["A", "B", "Done"]), {
        initial: "A",
        exits: ["Done"],
        states: {
          A: {
            to: ["B"],
            run: Workflow.asTask(
              child,
              () => "B" as const,
              () => start
            )
          },
          B: {
            to: ["Done"],
            run: Workflow.asTask(
              child,
              () => "Done" as const,
              () => start
            )
          }
        }
      } as never) as unknown as ReturnType<typeof simple>
      yield* processOf(yield* memory, [twice])
    })
  )

  it("refuses options and workflows that make no sense", () => {
    const layer = Durable.layer as unknown as (options: unknown) => unknown
    for (const [options, text] of [
      [{ concurrency: 0 }, "concurrency"],
      [{ concurrency: 1.5 }, "concurrency"],
      [{ staleAfter: 0 }, "staleAfter"],
      [{ staleAfter: "soon" }, "staleAfter"],
      [{ poll: -1 }, "poll"],
      [{ drain: NaN }, "drain"],
      [{ maxCrashes: -1 }, "maxCrashes"],
      [{ worker: "" }, "worker"],
      [{ pol: 1 }, "pol"],
      [null, "options"],
      [7, "options"]
    ] as const)
      assert.include(refusal(() => layer(options)).message, text, JSON.stringify(options))
    const register = Durable.register as unknown as (workflow: unknown, options?: unknown) => unknown
    for (const workflow of [undefined, null, {}, "order", 7, () => 7]) refusal(() => register(workflow))
    for (const options of [null, 7, { migrations: {} }, { errors: 7 }, { error: Schema.String }])
      refusal(() => register(simple("w", ""), options))
  })

  it.effect("the caller of a start lends nothing to the tasks: their services are fixed", () =>
    Effect.gen(function* () {
      const { Tenant, workflow } = tenants()
      const journal = yield* memory
      const worker = Durable.register(workflow).pipe(
        Layer.provideMerge(Durable.layer({ drain: 0 })),
        Layer.provide(Layer.succeed(Journal.Journal, journal))
      )
      const exit = yield* Durable.run(workflow, { runId: "r", state: start }).pipe(
        Effect.provideService(Tenant, "the caller's"),
        Effect.provide(worker)
      )
      assert.deepStrictEqual(exit, { _tag: "Done", value: "the default" })
    })
  )
})

const tenants = () => {
  const Tenant = Context.Reference<string>("test/Tenant", { defaultValue: () => "the default" })
  const workflow = Workflow.make("tenants", Schema.TaggedUnion({ Start: {}, Done: { value: Schema.String } }), {
    initial: "Start",
    exits: ["Done"],
    states: { Start: { to: ["Done"], run: Effect.map(Tenant, (value) => ({ _tag: "Done", value }) as const) } }
  })
  return { Tenant, workflow }
}

describe("run ids, labels and signals", () => {
  const good = [
    "a",
    "A b",
    "é",
    "👍",
    "__proto__",
    "constructor",
    "../../etc/passwd",
    "'; drop table cano_run; --",
    "%00",
    "x".repeat(256),
    "a/1"
  ]
  const bad = [
    "",
    "x".repeat(257),
    "a~1",
    "a\0b",
    "a\nb",
    "\x7f",
    "\ud800",
    "\udc00a",
    7,
    null,
    undefined,
    {},
    ["a"],
    Symbol("a"),
    () => "a"
  ]

  it.effect("takes every id that can be stored, and keeps their runs apart", () =>
    Effect.gen(function* () {
      const workflow = simple("ids", "x")
      const { run } = yield* processOf(yield* memory, [workflow])
      for (const runId of good) {
        assert.deepStrictEqual(yield* run(Durable.run(workflow, { runId, state: start })), { _tag: "Done", value: "x" })
        assert.strictEqual((yield* run(Durable.get(runId))).runId, runId)
      }
      assert.strictEqual((yield* run(Durable.list())).runs.length, good.length)
    })
  )

  it.effect("refuses all others as InvalidRun, with a sentence", () =>
    Effect.gen(function* () {
      const workflow = simple("ids", "x")
      const { run } = yield* processOf(yield* memory, [workflow])
      for (const runId of bad) {
        const exit = yield* Effect.exit(run(Durable.start(workflow, { runId, state: start } as never)))
        const error = errorOf(exit)
        assert.strictEqual(error?._tag, "InvalidRun", String(runId))
        assert.isAbove(error!.message.length, 10)
      }
      const labels = [
        null,
        7,
        [],
        { a: 7 },
        { a: "" },
        { "": "a" },
        { a: "\ud800" },
        { a: "x".repeat(257) },
        Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`l${at}`, "x"]))
      ]
      for (const each of labels) {
        const exit = yield* Effect.exit(
          run(Durable.start(workflow, { runId: "l", state: start, labels: each } as never))
        )
        assert.strictEqual(errorOf(exit)?._tag, "InvalidRun", JSON.stringify(each))
      }
      for (const delay of [-1, NaN, "soon", {}, null]) {
        const exit = yield* Effect.exit(run(Durable.start(workflow, { runId: "d", state: start, delay } as never)))
        assert.strictEqual(errorOf(exit)?._tag, "InvalidRun", String(delay))
      }
      assert.strictEqual((yield* run(Durable.list())).runs.length, 0)
    })
  )

  it.effect("untyped callers get a typed error or a ConfigurationError, and no TypeError", () =>
    Effect.gen(function* () {
      const workflow = simple("untyped", "x")
      const { run } = yield* processOf(yield* memory, [workflow])
      yield* run(Durable.run(workflow, { runId: "r", state: start }))
      const untyped = Durable as any
      const Go = Signal.make("go", Schema.Number)
      const calls: Record<string, () => Effect.Effect<unknown, unknown, Durable.Durable>> = {
        "start without options": () => untyped.start(workflow),
        "start with null": () => untyped.start(workflow, null),
        "start of nothing": () => untyped.start(undefined, { runId: "a" }),
        "start of an object": () => untyped.start({}, { runId: "a" }),
        "run without options": () => untyped.run(workflow),
        "run in a wrong state": () => untyped.run(workflow, { runId: "a", state: 7 }),
        "run in no state": () => untyped.run(workflow, { runId: "a", state: { _tag: "Nowhere" } }),
        "signal to a number": () => untyped.signal(7, Go, 7),
        "signal of nothing": () => untyped.signal("r", undefined, 7),
        "signal with a wrong value": () => untyped.signal("r", Go, "7"),
        "signal with null": () => untyped.signal("r", Go, 7, null),
        "signal with a wrong id": () => untyped.signal("r", Go, 7, { id: 7 }),
        "cancel a number": () => untyped.cancel(7),
        "get nothing": () => untyped.get(undefined),
        "outcome of nothing": () => untyped.awaitOutcome(workflow, undefined),
        "outcome of no workflow": () => untyped.awaitOutcome({}, "r"),
        "restart without options": () => untyped.restart(workflow),
        "restart of a number": () => untyped.restart(workflow, { from: 7, runId: "b" }),
        "restart from a word": () => untyped.restart(workflow, { from: "r", sequence: "first", runId: "b" })
      }
      const bad: Array<string> = []
      for (const [name, call] of Object.entries(calls)) {
        const exit = yield* Effect.exit(Effect.suspend(() => run(call())))
        if (Exit.isSuccess(exit)) bad.push(`${name} succeeds`)
        else
          for (const defect of defectsOf(exit))
            if (!(defect instanceof ConfigurationError) && !String((defect as any)?._tag).includes("Undeclared"))
              bad.push(`${name}: ${Cause.pretty(exit.cause).split("\n")[0]}`)
      }
      assert.deepStrictEqual(bad, [])
    })
  )
})

describe("versions", () => {
  const Before = Schema.TaggedUnion({ Start: {}, Ship: { id: Schema.String }, Done: {} })
  const Now = Schema.TaggedUnion({ Start: {}, Ship: { orderId: Schema.String }, Done: {} })
  const Shipped = Store.key("shipped", Schema.String)
  const log: Array<string> = []

  const before = Workflow.make("order", Before, {
    initial: "Start",
    exits: ["Done"],
    states: {
      Start: { to: ["Ship"], run: Effect.as(Store.put(Shipped, "yes"), { _tag: "Ship", id: "1" } as const) },
      Ship: { to: ["Done"], run: Task.sleep("1 hour", { _tag: "Done" } as never) }
    }
  } as never) as unknown as Workflow.Workflow<typeof Before.Type, { readonly _tag: "Done" }, never, never, never>

  const now = Workflow.make("order", Now, {
    initial: "Start",
    exits: ["Done"],
    states: {
      Start: { to: ["Ship"], run: () => ({ _tag: "Ship", orderId: "1" }) as const },
      Ship: {
        to: ["Done"],
        run: ({ orderId }: { readonly orderId: string }) =>
          Effect.gen(function* () {
            log.push(`${orderId} ${yield* Store.get(Shipped)}`)
            return { _tag: "Done" } as const
          })
      }
    }
  } as never) as unknown as Workflow.Workflow<typeof Now.Type, { readonly _tag: "Done" }, never, never, never>

  const migrated = (to: (old: typeof Before.Type) => typeof Now.Type) =>
    Durable.register(now, { migrations: [Durable.migration(Before, to)] }) as never

  const renamed = (old: typeof Before.Type): typeof Now.Type =>
    old._tag === "Ship" ? { _tag: "Ship", orderId: old.id } : old

  /** A worker that looks seldom, so that hours pass quickly. */
  const seldom: Durable.WorkerOptions = { poll: "5 minutes", staleAfter: "1 hour" }

  it.effect("D7: a run of an older version waits for a migration, and goes on with it where it was", () =>
    Effect.gen(function* () {
      log.length = 0
      const journal = yield* memory
      const client = yield* clientOf(journal)
      const old = yield* processOf(journal, [before], { worker: seldom })
      yield* client(Durable.start(before, { runId: "r", state: start } as never))
      yield* pass("2 seconds")
      yield* old.close
      const without = yield* processOf(journal, [now], { worker: seldom })
      yield* pass("2 hours")
      assert.strictEqual((yield* client(Durable.get("r"))).status, "waiting")
      yield* without.close
      yield* processOf(journal, [], { register: migrated(renamed), worker: seldom })
      yield* pass("10 minutes")
      assert.strictEqual((yield* client(Durable.get("r"))).status, "done")
      assert.deepStrictEqual(log, ["1 yes"])
    })
  )

  it.effect("D8: a migration that throws, or gives no state, ends its run as Corrupt or NotEncodable", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<() => never> = [
        () => {
          throw new Error("no")
        },
        () => undefined as never,
        () => ({ _tag: "Nowhere" }) as never,
        () => ({ _tag: "Ship" }) as never
      ]
      for (const to of wrong) {
        const journal = yield* memory
        const client = yield* clientOf(journal)
        const old = yield* processOf(journal, [before], { worker: seldom })
        yield* client(Durable.start(before, { runId: "r", state: start } as never))
        yield* pass("2 seconds")
        yield* old.close
        yield* pass("2 hours")
        yield* processOf(journal, [], { register: migrated(to), worker: seldom })
        yield* pass("10 minutes")
        const info = yield* client(Durable.get("r"))
        assert.strictEqual(info.status, "failed", String(to))
        assert.include(["Corrupt", "NotEncodable"], info.errorTag)
      }
    })
  )
})
