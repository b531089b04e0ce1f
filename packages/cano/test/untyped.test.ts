import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Concurrent from "../src/Concurrent.ts"
import * as Interpreter from "../src/Interpreter.ts"
import * as Metrics from "../src/Metrics.ts"
import * as Node from "../src/Node.ts"
import * as Observer from "../src/Observer.ts"
import * as Retry from "../src/Retry.ts"
import * as Task from "../src/Task.ts"
import * as Wait from "../src/Wait.ts"
import * as Workflow from "../src/Workflow.ts"
import { defectsOf, inVirtualTime, makeUnchecked } from "effect-cano-testing/Runs"
import { refusal } from "./support/refusal.ts"

/** Every definition as an untyped caller sees it. */
const untyped: Record<string, (...args: ReadonlyArray<any>) => unknown> = {
  "Task.make": Task.make as any,
  "Task.fork": Task.fork as any,
  "Node.make": Node.make as any,
  "Workflow.make": Workflow.make as any,
  "Workflow.run": Workflow.run as any,
  "Workflow.toMermaid": Workflow.toMermaid as any,
  "Workflow.asTask": Workflow.asTask as any,
  "Workflow.withSpan": Workflow.withSpan as any,
  "Wait.quota": Wait.quota as any,
  "Wait.percentage": Wait.percentage as any,
  "Wait.duration": Wait.duration as any,
  "Wait.quotaOrDuration": Wait.quotaOrDuration as any,
  "Retry.fixed": Retry.fixed as any,
  "Retry.exponential": Retry.exponential as any,
  "Retry.exponentialCustom": Retry.exponentialCustom as any,
  "Concurrent.run": Concurrent.run as any,
  "Concurrent.workflow": Concurrent.workflow as any,
  "Interpreter.run": Interpreter.run as any
}

const Tags = Schema.Literals(["A", "Done"])
const workflow = Workflow.make("w", Tags, {
  initial: "A",
  exits: ["Done"],
  states: { A: { to: ["Done"], run: Effect.succeed("Done") } }
})
const run = Effect.succeed("Done")
const phases = { prep: run, exec: () => run, post: () => "Done" }
const fork = { branches: [run], join: () => "Done" }
const machine = { initial: "A", exits: ["Done"], states: { A: { to: ["Done"], run } } }
const rejecting = () => Promise.reject(new Error("left alone"))
/** Stands for a promise that rejects, which each test makes anew. */
const promise = Symbol("promise")
const withPromises = (value: any): any => {
  if (value === promise) return rejecting()
  if (Array.isArray(value)) return value.map(withPromises)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withPromises(each)]))
}

/** What is given, and the sentence that names the option, its value and what is expected. */
const refused: ReadonlyArray<readonly [keyof typeof untyped, ReadonlyArray<unknown>, string]> = [
  ["Task.make", [], "what Task.make was given is undefined, expected an object"],
  ["Task.make", [run], `there is no option`],
  ["Task.make", [{}], "run is undefined, expected an Effect or a function"],
  ["Task.make", [{ run: promise }], "run is a promise, expected an Effect or a function"],
  ["Task.make", [{ run, retry: 3 }], "retry is 3, expected a Schedule"],
  ["Task.make", [{ run, retries: 3 }], `there is no option "retries", only "name", "retry", "attemptTimeout", "run"`],
  ["Task.make", [{ run, name: 7 }], "the name is not a string"],
  ["Task.make", [{ run, attemptTimeout: "soon" }], "attemptTimeout is not a duration"],
  ["Task.make", [{ run, attemptTimeout: {} }], "attemptTimeout is not a duration"],
  ["Task.make", [{ run, attemptTimeout: promise }], "attemptTimeout is not a duration"],
  ["Task.make", [promise], "what Task.make was given is a promise, expected an object"],
  ["Node.make", [{ ...phases, post: undefined }], "post is undefined, expected a function"],
  ["Node.make", [{ ...phases, exec: run }], "exec is an Effect, expected a function"],
  ["Node.make", [{ ...phases, run }], `there is no option "run"`],
  ["Task.fork", [{ ...fork, branches: undefined }], "branches is undefined, expected a record or a list"],
  ["Task.fork", [{ ...fork, branches: { a: 1 } }], `branch "a" is 1, expected an Effect, a task or a workflow`],
  ["Task.fork", [{ ...fork, branches: [promise] }], `branch "0" is a promise, expected an Effect`],
  ["Task.fork", [{ ...fork, join: "Done" }], `join is "Done", expected a function`],
  ["Task.fork", [{ ...fork, wait: "all" }], `wait is "all", expected a strategy of the module Wait`],
  [
    "Task.fork",
    [{ ...fork, wait: { _tag: "Quota", required: "1", count: "succeeded" } }],
    "wait is an object, expected"
  ],
  ["Task.fork", [{ ...fork, concurrency: "2" }], `concurrency is "2", expected a whole number from 1 or "unbounded"`],
  ["Workflow.make", [], "options is undefined, expected an object"],
  ["Workflow.make", ["w", Tags, undefined], "options is undefined, expected an object"],
  ["Workflow.make", ["w", Tags, { ...machine, state: {} }], `there is no option "state", only "initial"`],
  ["Workflow.make", ["w", Tags, { ...machine, states: undefined }], "states is undefined, expected a record of states"],
  ["Workflow.make", ["w", Tags, { ...machine, exits: "Done" }], `exits is "Done", expected a list of tags`],
  ["Workflow.make", ["w", "A", machine], `the schema is "A", expected a Schema`],
  [
    "Workflow.make",
    ["w", Tags, { ...machine, states: { A: { to: ["Done"] } } }],
    `"run" of state "A" is undefined, expected an Effect, a task or a function`
  ],
  [
    "Workflow.make",
    ["w", Tags, { ...machine, states: { A: { to: ["Done"], run: promise } } }],
    `"run" of state "A" is a promise, expected`
  ],
  [
    "Workflow.make",
    ["w", Tags, { ...machine, states: { A: { to: ["Done"], run, catch: { Down: Symbol("x") } } } }],
    `state "A" catches "Down" with a symbol, expected a tag, a function or { to, with }`
  ],
  ["Workflow.asTask", [{}, () => "Done"], "what it was given is an object, expected a workflow"],
  ["Workflow.asTask", [workflow], "mapExit is undefined, expected a function"],
  ["Workflow.withSpan", [workflow, 7], "the span's name is not a string"],
  ["Wait.quota", ["2"], `the quota is "2", expected a whole number from 0`],
  ["Wait.quota", [1, { count: "failed" }], `count is "failed", expected "succeeded" or "settled"`],
  ["Wait.quota", [1, { counts: "settled" }], `there is no option "counts", only "count"`],
  ["Wait.percentage", ["50"], `the percentage is "50", expected a number from 0 to 100`],
  ["Wait.duration", [null], "the duration is not a duration"],
  ["Wait.quotaOrDuration", [null, null], "the quota is null, expected a whole number from 0"],
  ["Retry.fixed", [Object.create(null), 1], "retries is an object, expected a whole number from 0"],
  ["Retry.exponential", [undefined], "retries is undefined, expected a whole number from 0"],
  ["Retry.exponentialCustom", [], "what it was given is undefined, expected an object"],
  ["Retry.exponentialCustom", [{ retries: 1, factor: "2" }], `factor is "2", expected a number from 1`],
  ["Concurrent.run", [3], "what it was given is 3, expected a list"],
  ["Concurrent.run", [[run, promise]], "effect 1 is a promise, expected an Effect"],
  ["Concurrent.run", [[run], { limit: 3 }], `there is no option "limit"`],
  ["Concurrent.run", [[run, run], { ids: ["a", "a"] }], `two instances have the id "a"`],
  ["Concurrent.run", [[run], { ids: [1] }], "the id of instance 0 is not a string"],
  ["Concurrent.run", [[run], { onProgress: "bar" }], `onProgress is "bar", expected a function`],
  ["Concurrent.run", [[run], { span: { title: "x" } }], "the span's name is not a string"],
  ["Concurrent.workflow", [run, { instances: [] }], "what it was given is an Effect, expected a workflow"],
  ["Concurrent.workflow", [workflow, {}], "instances is undefined, expected a list"],
  ["Concurrent.workflow", [workflow, { instances: ["a"] }], `instance 0 is "a", expected an object`],
  [
    "Concurrent.workflow",
    [workflow, { instances: [{ id: "a", context: {} }] }],
    "context is an object, expected a Context"
  ],
  [
    "Interpreter.run",
    [workflow, { interceptors: [{ state: 1 }] }],
    `"state" of interceptor 0 is 1, expected a function`
  ]
]

describe("a definition refuses wrong input, and names the option, its value and what is expected", () => {
  for (const [name, args, sentence] of refused) {
    it(`${name}: ${sentence}`, () => {
      assert.include(refusal(() => untyped[name]!(...withPromises(args))).problems.join("; "), sentence)
    })
  }

  for (const [name, layer] of Object.entries({
    "Metrics.layer": () => Metrics.layer({ maxName: 3 } as any),
    "Observer.layer": () => Observer.layer("log" as any),
    "Observer.layer, an unknown option": () => Observer.layer(() => Effect.void, { size: 3 } as any),
    "Observer.layerStream": () => Observer.layerStream({ buffer: "all" } as any)
  })) {
    it.effect(`${name}, when it is built`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Effect.provide(Effect.void, layer() as Layer.Layer<never>))
        assert.match(String(defectsOf(exit)[0]), /^ConfigurationError/)
      })
    )
  }
})

describe("whoever refuses a promise takes its rejection", () => {
  const rejections: Array<unknown> = []
  const listen = (reason: unknown) => void rejections.push(reason)

  const programs: Record<string, () => Effect.Effect<unknown, unknown>> = {
    "a task's run": () => runOf(rejecting),
    "a generator that gives a promise": () => runOf(() => Effect.sync(rejecting)),
    "an exec": () => runOf(Node.make({ ...phases, exec: rejecting as any })),
    "a prep": () => runOf(Node.make({ ...phases, prep: rejecting as any })),
    "a post": () => runOf(Node.make({ ...phases, post: rejecting as any })),
    "a join": () => runOf(Task.fork({ ...fork, join: rejecting as any })),
    "the branches of a fork": () => runOf(Task.fork({ ...fork, branches: rejecting as any })),
    "a function that routes a failure": () =>
      runOf(
        Effect.suspend(() => Effect.fail({ _tag: "Down" })),
        { Down: rejecting }
      ),
    "a function that gives the payload of a route": () =>
      runOf(
        Effect.suspend(() => Effect.fail({ _tag: "Down" })),
        { Down: { to: "Done", with: rejecting } }
      ),
    onProgress: () => Concurrent.run([run], { onProgress: rejecting as any }),
    "the handler of an observer": () =>
      Effect.provide(Workflow.run(workflow), Observer.layer(rejecting as any) as unknown as Layer.Layer<never>)
  }

  const runOf = (work: unknown, routes?: object): Effect.Effect<unknown, unknown> =>
    Workflow.run(
      makeUnchecked("w", Tags, {
        initial: "A",
        exits: ["Done"],
        states: { A: { to: ["Done"], run: work, catch: routes } }
      })
    )

  for (const [name, program] of Object.entries(programs)) {
    it.effect(`${name}: the run says so, and the process goes on`, () =>
      Effect.gen(function* () {
        process.on("unhandledRejection", listen)
        const exit = yield* inVirtualTime(Effect.suspend(program))
        // Node tells of an unhandled rejection after the microtasks of this turn.
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        process.off("unhandledRejection", listen)
        assert.deepStrictEqual(rejections, [])
        if (name === "the handler of an observer") assert.isTrue(Exit.isSuccess(exit))
        else assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      })
    )
  }
})
