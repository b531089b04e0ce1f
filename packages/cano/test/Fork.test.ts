/** Task.fork: branches inside a machine, and what joins them. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { JSDOM } from "jsdom"
import { readFileSync } from "node:fs"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import * as Wait from "../src/Wait.ts"
import * as Workflow from "../src/Workflow.ts"
import { defectsOf, errorOf, inVirtualTime, refusal } from "./support.ts"

class Down extends Data.TaggedError("Down")<{ readonly replica: string }> {}

const Short = Schema.Literals(["Start", "Done", "Failed"])

const after = <A>(millis: number, value: A) => Effect.as(Effect.sleep(millis), value)
const failing = (millis: number, replica: string) =>
  Effect.andThen(Effect.sleep(millis), Effect.fail(new Down({ replica })))

/** The result of a run, and how long it took. */
const timed = (effect: Effect.Effect<unknown, unknown>) =>
  inVirtualTime(
    Effect.gen(function* () {
      const start = yield* Clock.currentTimeMillis
      const exit = yield* Effect.exit(effect)
      return [exit, (yield* Clock.currentTimeMillis) - start] as const
    })
  ).pipe(Effect.flatten)

const signs = { Completed: "C", Failed: "F", Cancelled: "-" }
const shown = (results: ReadonlyArray<{ readonly _tag: keyof typeof signs }>) =>
  results.map(({ _tag }) => signs[_tag]).join("")

describe("what join gets", () => {
  it.effect("all: the values, by name", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: { slow: after(20, 1), fast: after(10, "two") },
        join: ({ fast, slow }) => `${slow} ${fast}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 two"), 20])
    })
  )

  it.effect("all: the values, in a list", () =>
    Effect.gen(function* () {
      const fork = Task.fork({ branches: [after(20, 1), after(10, "two")], join: ([a, b]) => `${a} ${b}` })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 two"), 20])
    })
  )

  it.effect("otherwise: the result of each branch, with the names as ids", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: { a: after(30, 1), b: failing(10, "b"), c: after(20, 3) },
        wait: Wait.quota(1),
        join: (results) => {
          assert.deepStrictEqual(results.a, { _tag: "Cancelled", id: "a" })
          assert.strictEqual(results.b._tag === "Failed" && results.b.id, "b")
          assert.deepStrictEqual(results.c, { _tag: "Completed", id: "c", value: 3 })
          return "Done"
        }
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 20])
    })
  )

  it.effect("the state as well, and join may be an Effect that fails, or a generator function", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: (n: number) => Array.from({ length: n }, (_, i) => after(i, i)),
        join: function* (values, n) {
          yield* Effect.sleep(5)
          if (n > 3) return yield* new Down({ replica: String(n) })
          return values.join(" ")
        }
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork, 3)), [Exit.succeed("0 1 2"), 7])
      const [failed] = yield* timed(Task.run(fork, 4))
      assert.strictEqual((errorOf(failed) as Down).replica, "4")
    })
  )

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
      const run = (...words: Array<string>) => timed(Workflow.run(count, { _tag: "Split", words }))
      assert.deepStrictEqual(yield* run("a", "bb", "ccc"), [Exit.succeed({ _tag: "Sum", letters: 6 } as const), 20])
      assert.deepStrictEqual(yield* run(), [Exit.succeed({ _tag: "Empty" } as const), 0])
    })
  )
})

describe("when the fork goes on", () => {
  const ok = (...millis: ReadonlyArray<number>) => millis.map((n) => after(n, n))
  const cases: ReadonlyArray<
    readonly [Wait.Wait, ReadonlyArray<Effect.Effect<number, Down>>, expected: string, at: number]
  > = [
    [Wait.quota(2), ok(10, 20, 30), "CC-", 20],
    [Wait.quota(2), [failing(5, "a"), ...ok(10, 20)], "FCC", 20],
    [Wait.quota(0), ok(10, 20), "--", 0],
    [Wait.any, [failing(5, "a"), ...ok(10, 20)], "FC-", 10],
    [Wait.percentage(50), ok(10, 20, 30), "CC-", 20],
    [Wait.quota(2, { count: "settled" }), [failing(5, "a"), ...ok(10, 20)], "FC-", 10],
    [Wait.quota(3, { count: "settled" }), [failing(5, "a"), ...ok(10, 20)], "FCC", 20],
    // a strategy that only waits for a time is always met
    [Wait.duration(15), [failing(5, "a"), ...ok(10, 20)], "FC-", 15],
    [Wait.duration(15), [failing(5, "a"), failing(6, "b")], "FF", 6],
    [Wait.quotaOrDuration(2, 15), ok(10, 20, 30), "C--", 15],
    [Wait.quotaOrDuration(1, 15), ok(10, 20, 30), "C--", 10],
    [Wait.quotaOrDuration(2, 15), [failing(5, "a"), failing(6, "b"), failing(7, "c")], "FFF", 7]
  ]
  for (const [wait, branches, expected, at] of cases) {
    it.effect(`${Wait.format(wait)} of ${branches.length}: ${expected} at ${at} ms`, () =>
      Effect.gen(function* () {
        const fork = Task.fork({ branches, wait, join: (results) => shown(results as any) })
        assert.deepStrictEqual(yield* timed(Task.run(fork as Task.Task<unknown, string>)), [Exit.succeed(expected), at])
      })
    )
  }

  it.effect("losers are interrupted and awaited before join runs", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const loser = Effect.onInterrupt(
        Effect.andThen(
          Effect.sleep(1000),
          Effect.sync(() => events.push("ran"))
        ),
        () =>
          Effect.andThen(
            Effect.sleep(50),
            Effect.sync(() => events.push("cleaned up"))
          )
      )
      const fork = Task.fork({
        branches: [loser, after(10, 1), loser],
        wait: Wait.any,
        join: () => (events.push("join"), "Done")
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 60])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(events, ["cleaned up", "cleaned up", "join"])
    })
  )

  it.effect("concurrency is never exceeded", () =>
    Effect.gen(function* () {
      let running = 0
      let most = 0
      const branch = Effect.acquireUseRelease(
        Effect.sync(() => (most = Math.max(most, ++running))),
        () => Effect.sleep(10),
        () => Effect.sync(() => running--)
      )
      const fork = Task.fork({ branches: Array.from({ length: 20 }, () => branch), concurrency: 3, join: () => "Done" })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("Done"), 70])
      assert.strictEqual(most, 3)
    })
  )
})

describe("when it cannot", () => {
  it.effect("all: fails with the error of the first branch that failed, untouched, and stops the others", () =>
    Effect.gen(function* () {
      const error = new Down({ replica: "b" })
      let stopped = 0
      const other = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      const fork = Task.fork({
        branches: [other, failing(20, "late"), Effect.andThen(Effect.sleep(10), Effect.fail(error)), other],
        join: () => "Done"
      })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.strictEqual(errorOf(exit), error)
      assert.deepStrictEqual([at, stopped], [10, 2])
    })
  )

  it.effect("all: a branch that fails while it is stopped does not replace the first error", () =>
    Effect.gen(function* () {
      const stubborn = Effect.uninterruptible(failing(50, "stubborn"))
      const fork = Task.fork({ branches: [stubborn, failing(10, "first"), stubborn], join: () => "Done" })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.strictEqual((errorOf(exit) as Down).replica, "first")
      assert.strictEqual(at, 50)
    })
  )

  it.effect("all: a branch that dies ends the fork as that defect", () =>
    Effect.gen(function* () {
      const fork = Task.fork({ branches: [Effect.never, Effect.die("boom")], join: () => "Done" })
      const [exit] = yield* timed(Task.run(fork))
      assert.deepStrictEqual(defectsOf(exit), ["boom"])
    })
  )

  const unmet: ReadonlyArray<
    readonly [Wait.Wait, ReadonlyArray<Effect.Effect<number, Down>>, required: number, failed: number, at: number]
  > = [
    // as soon as it is certain, not when all have ended
    [Wait.quota(2), [failing(5, "a"), failing(10, "b"), after(30, 1)], 2, 2, 10],
    [Wait.any, [failing(5, "a"), failing(10, "b")], 1, 2, 10],
    [Wait.percentage(100), [after(5, 1), failing(10, "b"), after(30, 1)], 3, 1, 10],
    // above the number of branches: nothing starts
    [Wait.quota(3), [after(5, 1), after(10, 2)], 3, 0, 0],
    [Wait.quota(3, { count: "settled" }), [after(5, 1), failing(10, "b")], 3, 0, 0],
    [Wait.quota(1), [], 1, 0, 0]
  ]
  for (const [wait, branches, required, failed, at] of unmet) {
    it.effect(`${Wait.format(wait)} of ${branches.length}, ${failed} failed: ForkUnmet at ${at} ms`, () =>
      Effect.gen(function* () {
        const fork = Task.fork({ name: "quorum", branches, wait, join: () => "Done" })
        const [exit, time] = yield* timed(Task.run(fork))
        const error = errorOf(exit)
        assert.instanceOf(error, Task.ForkUnmet)
        assert.deepStrictEqual(
          [error.task, error.required, error.total, error.failed.length, time],
          ["quorum", required, branches.length, failed, at]
        )
        for (const { cause } of error.failed) assert.isTrue(Option.isSome(Cause.findErrorOption(cause)))
        assert.strictEqual(
          error.message,
          `Fork "quorum": ${required} of ${branches.length} branches had to succeed, and ${failed} failed`
        )
      })
    )
  }

  it.effect("the time is up: ForkTimeout says how many had succeeded, and the branches are stopped", () =>
    Effect.gen(function* () {
      let stopped = 0
      const slow = Effect.onInterrupt(Effect.never, () => Effect.sync(() => stopped++))
      for (const wait of [Wait.all, Wait.quota(2), Wait.percentage(80), Wait.duration(100)]) {
        stopped = 0
        const fork = Task.fork({ branches: [after(10, 1), slow], wait, timeout: 50, join: () => "Done" })
        const [exit, at] = yield* timed(Task.run(fork as Task.Task<unknown, string, Task.ForkTimeout>))
        const error = errorOf(exit)
        assert.instanceOf(error, Task.ForkTimeout)
        assert.deepStrictEqual([error.completed, error.total, at, stopped], [1, 2, 50, 1])
        assert.deepStrictEqual(error.timeout, Duration.millis(50))
        assert.strictEqual(error.message, "A fork: after 50ms 1 of 2 branches had succeeded, and that was not enough")
      }
    })
  )

  it.effect("a quorum that is met before the time is up wins, also while a loser still cleans up", () =>
    Effect.gen(function* () {
      const loser = Effect.onInterrupt(Effect.never, () => Effect.sleep(500))
      const fork = Task.fork({
        branches: [after(10, 1), after(49, 2), loser],
        wait: Wait.quota(2),
        timeout: 50,
        join: (results) => shown(results)
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("CC-"), 549])
    })
  )

  it.effect("a limit of its own that strikes before the timeout is no timeout", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: [after(10, 1), Effect.never],
        wait: Wait.duration(20),
        timeout: 50,
        join: (results) => shown(results)
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("C-"), 20])
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
      assert.deepStrictEqual(yield* timed(Workflow.run(read(10, false))), [Exit.succeed("Done" as const), 10])
      assert.deepStrictEqual(yield* timed(Workflow.run(read(10, true))), [Exit.succeed("Failed" as const), 1])
      assert.deepStrictEqual(yield* timed(Workflow.run(read(200, false))), [Exit.succeed("Failed" as const), 100])
    })
  )

  it("refuses numbers that make no sense", () => {
    const branches = [Effect.void]
    const join = () => "Done" as const
    assert.deepStrictEqual(refusal(() => Task.fork({ branches, join, concurrency: 0 })).problems, [
      'concurrency is 0, expected a whole number from 1 or "unbounded"'
    ])
    for (const timeout of [0, -1, NaN, Infinity]) {
      assert.strictEqual(refusal(() => Task.fork({ name: "f", branches, join, timeout })).subject, 'Task "f"')
    }
    assert.throws(() => Task.fork({ name: "", branches, join }))
  })
})

describe("branches", () => {
  const child = Workflow.make("child", Short, {
    initial: "Start",
    exits: ["Done", "Failed"],
    states: { Start: { to: ["Done", "Failed"], run: Effect.as(Effect.sleep(30), "Done") } }
  })

  it.effect("may be effects, tasks with their retries, and workflows", () =>
    Effect.gen(function* () {
      let attempts = 0
      const flaky = Task.make({
        retry: Retry.fixed(3, 10),
        run: function* () {
          if (++attempts < 3) return yield* new Down({ replica: "x" })
          return "third" as const
        }
      })
      const fork = Task.fork({
        branches: { effect: after(5, 1), task: flaky, workflow: child },
        join: ({ effect, task, workflow }) => `${effect} ${task} ${workflow}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("1 third Done"), 30])
      assert.strictEqual(attempts, 3)
    })
  )

  it.effect("a task among them gets the fork's state; a fork may hold a fork", () =>
    Effect.gen(function* () {
      const double = Task.make({ run: (n: number) => Effect.succeed(String(n * 2)) })
      const inner = Task.fork({ branches: [double, after(10, "x")], join: (values) => values.join("") })
      const outer = Task.fork({
        branches: (_: number) => ({ inner, double }),
        join: (values, n) => `${values.inner} ${values.double} ${n}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(outer, 4)), [Exit.succeed("8x 8 4"), 10])
    })
  )

  it.effect("a branch function that throws is a defect", () =>
    Effect.gen(function* () {
      const fork = Task.fork({
        branches: (_: unknown): ReadonlyArray<Effect.Effect<number>> => {
          throw new Error("no branches")
        },
        join: () => "Done"
      })
      const [exit] = yield* timed(Task.run(fork))
      assert.strictEqual(String(defectsOf(exit)[0]), "Error: no branches")
    })
  )
})

describe("as a task", () => {
  it.effect("a retry runs all branches again", () =>
    Effect.gen(function* () {
      const runs = { a: 0, b: 0 }
      const fork = Task.fork({
        retry: Retry.fixed(2, 100),
        branches: {
          a: Effect.sync(() => ++runs.a),
          b: Effect.suspend(() => (++runs.b < 3 ? Effect.fail(new Down({ replica: "b" })) : Effect.succeed(runs.b)))
        },
        join: ({ a, b }) => `${a} ${b}`
      })
      assert.deepStrictEqual(yield* timed(Task.run(fork)), [Exit.succeed("3 3"), 200])
    })
  )

  it.effect("attemptTimeout bounds an attempt, join included", () =>
    Effect.gen(function* () {
      let stopped = 0
      const fork = Task.fork({
        name: "f",
        attemptTimeout: 20,
        branches: [Effect.onInterrupt(after(50, 1), () => Effect.sync(() => stopped++))],
        join: () => "Done"
      })
      const [exit, at] = yield* timed(Task.run(fork))
      assert.instanceOf(errorOf(exit), Task.AttemptTimeout)
      assert.deepStrictEqual([at, stopped], [20, 1])
    })
  )

  it.effect("an interruption stops the branches and waits for them", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const branch = Effect.onInterrupt(Effect.never, () =>
        Effect.andThen(
          Effect.sleep(10),
          Effect.sync(() => events.push("cleaned up"))
        )
      )
      const fork = Task.fork({ branches: [branch, branch], join: () => (events.push("join"), "Done") })
      const fiber = yield* Effect.forkChild(Effect.delay(Task.run(fork), 1))
      yield* TestClock.adjust(5)
      const stop = yield* Effect.forkChild(
        Effect.andThen(
          Fiber.interrupt(fiber),
          Effect.sync(() => events.push("stopped"))
        )
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(stop)
      assert.deepStrictEqual(events, ["cleaned up", "cleaned up", "stopped"])
    })
  )

  it.effect("spans: state, then branch", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span(options) {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const child = Workflow.make("child", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: { Start: { to: ["Done", "Failed"], run: Effect.as(Effect.sleep(1), "Done") } }
      })
      const workflow = Workflow.make("w", Short, {
        initial: "Start",
        exits: ["Done", "Failed"],
        states: {
          Start: {
            to: ["Done", "Failed"],
            run: Task.fork({ branches: { a: after(5, 1), child }, join: () => "Done" })
          }
        }
      })
      yield* inVirtualTime(Effect.withTracer(Workflow.run(workflow), tracer))
      const path = (span: Tracer.NativeSpan): string => {
        const parent = Option.getOrUndefined(span.parent) as Tracer.NativeSpan | undefined
        const id = span.attributes.get("cano.branch.id")
        return `${parent === undefined ? "" : `${path(parent)} > `}${span.name}${id === undefined ? "" : ` ${id}`}`
      }
      assert.deepStrictEqual(spans.map(path), [
        "run w",
        "run w > state Start",
        "run w > state Start > branch a",
        "run w > state Start > branch child",
        "run w > state Start > branch child > run child",
        "run w > state Start > branch child > run child > state Start"
      ])
    })
  )
})

describe("in a diagram", () => {
  const fixture = readFileSync(new URL("fixtures/fork.mmd", import.meta.url), "utf8")
  const Reading = Schema.Literals(["Ask", "Spread", "Trusted", "Failed"])
  const read = Workflow.make("read", Reading, {
    initial: "Ask",
    exits: ["Trusted", "Failed"],
    states: {
      Ask: {
        to: ["Spread", "Failed"],
        run: Task.fork({
          branches: { 'replica "a"': after(1, 1), "replica <b>": after(2, 2), c: after(3, 3) },
          wait: Wait.quota(2),
          timeout: "1 second",
          retry: Retry.fixed(2, 100),
          join: () => "Spread"
        }),
        catch: { ForkUnmet: "Failed", ForkTimeout: "Failed" }
      },
      Spread: {
        to: ["Trusted"],
        run: Task.fork({
          branches: (_: "Spread") => [after(1, 1)],
          wait: Wait.quotaOrDuration(3, "1 minute"),
          join: () => "Trusted"
        })
      }
    }
  })

  it("is drawn as a fork: the golden file", () => {
    assert.strictEqual(Workflow.toMermaid(read), fixture)
  })

  describe("read by Mermaid's own parser", () => {
    let nodes: ReadonlyArray<readonly [string, string, string]>
    let edges: ReadonlyArray<readonly [string, string, string]>

    beforeAll(async () => {
      const { window } = new JSDOM("<!doctype html><body></body>")
      Object.assign(globalThis, { window, document: window.document })
      const { default: mermaid } = await import("mermaid")
      await mermaid.parse(fixture)
      const { db } = (await mermaid.mermaidAPI.getDiagramFromText(fixture)) as any
      const decode = (text: string) => text.replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
      nodes = Array.from(db.getVertices() as Map<string, any>, ([id, { text, type }]) => [id, decode(text), type])
      edges = (db.getEdges() as Array<any>).map(({ end, start, stroke }) => [start, end, stroke])
    }, 60_000)

    it("it has the branches and the joins that are meant", () => {
      assert.deepStrictEqual(
        nodes.filter(([id]) => /b\d|join/.test(id)),
        [
          ["s0b0", 'replica "a"', "subroutine"],
          ["s0join", "2 succeeded", "hexagon"],
          ["s0b1", "replica <b>", "subroutine"],
          ["s0b2", "c", "subroutine"],
          ["s1b0", "…", "subroutine"],
          ["s1join", "3 succeeded or 1m", "hexagon"]
        ]
      )
      assert.deepStrictEqual(edges, [
        ["start", "s0", "normal"],
        ["s0", "s0b0", "thick"],
        ["s0b0", "s0join", "thick"],
        ["s0", "s0b1", "thick"],
        ["s0b1", "s0join", "thick"],
        ["s0", "s0b2", "thick"],
        ["s0b2", "s0join", "thick"],
        ["s0join", "s1", "normal"],
        ["s0", "s3", "dotted"],
        ["s1", "s1b0", "thick"],
        ["s1b0", "s1join", "thick"],
        ["s1join", "s2", "normal"]
      ])
    })
  })
})
