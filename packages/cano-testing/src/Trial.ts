/**
 * Builds workflows from machines, runs them, and compares the outcome with the reference interpreter.
 *
 * @since 0.1.0
 */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Node from "effect-cano/Node"
import * as Retry from "effect-cano/Retry"
import * as Store from "effect-cano/Store"
import * as Task from "effect-cano/Task"
import * as Workflow from "effect-cano/Workflow"
import {
  attemptOf,
  type Attempt,
  type Machine,
  type Outcome,
  type Policy,
  randomMachine,
  type State
} from "./Machines.ts"
import { interpret } from "./Reference.ts"
import { defectsOf, errorOf, inVirtualTime, makeUnchecked, placeOf, type Unchecked } from "./Runs.ts"

/**
 * A record of one run, written while it runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Log {
  /** Every attempt as `state#attempt@milliseconds`. */
  readonly attempts: Array<string>
  /** The number of attempts of each state, by its tag. */
  readonly tried: Map<string, number>
  /** Gives the milliseconds since the start of the run. It is set at that start. */
  now: () => number
  /** Wraps the slow part of an attempt, so that a test can hold resources there. */
  readonly around: (tag: string, work: Effect.Effect<void>) => Effect.Effect<void>
  /** A text in every payload, value and error of the run, to find the places that it gets to. */
  readonly secret: string | undefined
}

/**
 * Makes an empty log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeLog = (around: Log["around"] = (_, work) => work, secret?: string | undefined): Log => ({
  attempts: [],
  tried: new Map(),
  now: () => 0,
  around,
  secret
})

/**
 * Builds the workflow of a machine for one run. The run writes into the log.
 *
 * @category constructors
 * @since 0.1.0
 */
export const build = (machine: Machine, log: Log): Unchecked => {
  const tags = [...Object.keys(machine.states), ...machine.exits]
  const states = Object.entries(machine.states).map(([tag, state]) => [tag, definition(machine, tag, state, log)])
  const schema = machine.records
    ? Schema.Union(tags.map((tag) => Schema.TaggedStruct(tag, { by: Schema.optionalKey(Schema.String) })))
    : Schema.Literals(tags)
  const workflow = makeUnchecked("machine", schema, {
    initial: Object.keys(machine.states)[0],
    exits: machine.exits,
    states: Object.fromEntries(states)
  })
  return Workflow.withMaxTransitions(workflow, machine.maxTransitions) as Unchecked
}

const startOf = (machine: Machine): string => value(machine, machine.start, "start") as string

/**
 * Runs a machine, by default with `Workflow.run`, and gives the outcome in the form that the reference interpreter
 * predicts. The test clock must move on meanwhile: see {@link agree}.
 *
 * @category running
 * @since 0.1.0
 */
export const observe = (
  machine: Machine,
  {
    log = makeLog(),
    run = Workflow.run
  }: { readonly log?: Log | undefined; readonly run?: typeof Workflow.run | undefined } = {}
): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const store = yield* Store.MemoryStore.make
    const clock = yield* Clock.clockWith(Effect.succeed)
    const began = clock.currentTimeMillisUnsafe()
    log.now = () => clock.currentTimeMillisUnsafe() - began
    const program = run(build(machine, log), startOf(machine)) as Effect.Effect<unknown, unknown, Store.MemoryStore>
    const exit = yield* Effect.exit(Effect.provideService(program, Store.MemoryStore, store))
    const elapsed = log.now()
    const { attempts } = log
    return {
      end: endOf(exit, attempts),
      attempts,
      path: pathOf(machine, attempts, exit),
      store: Object.fromEntries(yield* store.snapshot),
      elapsed
    }
  })

/**
 * Compares random machines with the reference interpreter: those of `count` seeds, beginning with the seed `from`. Many
 * machines run at once under one test clock. The first different outcome fails the test, with a command to replay it.
 *
 * @category running
 * @since 0.1.0
 */
export const agree = (
  from: number,
  count: number,
  trial: (seed: number) => Effect.Effect<Outcome>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let first = from; first < from + count; first += batch) {
      const seeds = Array.from({ length: Math.min(batch, from + count - first) }, (_, i) => first + i)
      const exit = yield* inVirtualTime(Effect.forEach(seeds, trial, { concurrency: "unbounded" }))
      const outcomes = Exit.isSuccess(exit)
        ? exit.value
        : assert.fail(`a run of seeds ${seeds[0]} to ${seeds.at(-1)} failed`)
      outcomes.forEach((outcome, i) => {
        const machine = randomMachine(seeds[i]!)
        const hint = `replay with CANO_SEED=${seeds[i]} CANO_RUNS=1: ${JSON.stringify(machine)}`
        assert.deepStrictEqual(outcome, interpret(machine), hint)
      })
    }
  })

const batch = 100

const endOf = (exit: Exit.Exit<unknown, unknown>, attempts: ReadonlyArray<string>): Outcome["end"] => {
  if (Exit.isSuccess(exit)) return { exit: exit.value }
  const place = placeOf(exit)!
  const defects = defectsOf(exit)
  if (defects.length === 0) return { error: (errorOf(exit) as { readonly _tag: string })._tag, place }
  return { defect: defects.length === 1 && defects[0] === "boom" ? attempts.at(-1)! : String(defects), place }
}

/** The states entered: each state with a first attempt, and the state in which the run ended without one. */
const pathOf = (machine: Machine, attempts: ReadonlyArray<string>, exit: Exit.Exit<unknown, unknown>) => {
  const path = attempts.filter((line) => line.includes("#1@")).map((line) => line.split("#")[0]!)
  if (Exit.isSuccess(exit)) return [...path, typeof exit.value === "string" ? exit.value : (exit.value as any)._tag]
  const place = placeOf(exit)!
  return place.transitions === machine.maxTransitions ? [...path, place.state] : path
}

const value = (machine: Machine, tag: string, by: string): unknown => (machine.records ? { _tag: tag, by } : tag)

const definition = (machine: Machine, tag: string, state: State, log: Log): object => ({
  to: state.to,
  run: work(machine, tag, state, log),
  catch: Object.fromEntries(
    Object.entries(state.catch).map(([error, { byFunction, to }]) => [
      error,
      byFunction
        ? (failure: { readonly _tag: string }) => value(machine, to, log.secret ?? `${failure._tag} of ${tag}`)
        : to
    ])
  )
})

const work = (machine: Machine, tag: string, state: State, log: Log): unknown => {
  /** Logs the attempt and gives the work to do in it. */
  const begin = (retries = 0): Attempt => {
    const n = log.tried.get(tag) ?? 0
    log.tried.set(tag, n + 1)
    log.attempts.push(`${tag}#${retries + 1}@${log.now()}`)
    return attemptOf(machine, state, n, log.attempts.length - 1)
  }
  const beginning =
    state.retry === undefined
      ? Effect.sync(() => begin())
      : Effect.map(Schedule.CurrentMetadata, ({ attempt }) => begin(attempt))
  const finish = ({ outcome }: Attempt): Effect.Effect<unknown, unknown> =>
    "goto" in outcome
      ? Effect.succeed(value(machine, outcome.goto, log.secret ?? tag))
      : "fail" in outcome
        ? Effect.fail(failure(outcome.fail, log.secret))
        : Effect.die(defect(log.secret))
  const slowly = (attempt: Attempt) => log.around(tag, attempt.sleep === 0 ? Effect.void : Effect.sleep(attempt.sleep))
  const all = beginning.pipe(
    Effect.tap((attempt) => write(attempt, log)),
    Effect.tap(slowly),
    Effect.flatMap(finish)
  )
  const armed = {
    retry: state.retry === undefined ? undefined : policyOf(state.retry),
    attemptTimeout: state.timeout
  }
  switch (state.form) {
    case "pure":
      return () => {
        const { outcome } = begin()
        if ("goto" in outcome) return value(machine, outcome.goto, log.secret ?? tag)
        throw defect(log.secret)
      }
    case "exit":
      return () => finish(begin())
    case "effect":
      return all
    case "function":
      return () => all
    case "generator":
      return function* () {
        const attempt = yield* beginning
        yield* write(attempt, log)
        yield* slowly(attempt)
        return yield* finish(attempt)
      }
    case "task":
      return Task.make({ ...armed, run: all as Effect.Effect<string> })
    case "node":
      return Node.make({
        ...armed,
        prep: Effect.tap(beginning, (attempt) => write(attempt, log)),
        exec: (attempt: Attempt) => Effect.as(slowly(attempt), attempt),
        post: (attempt: Attempt) => finish(attempt) as Effect.Effect<string>
      })
    case "nested": {
      const child = makeUnchecked("child", Schema.Union([Schema.Literal("Work"), Schema.TaggedStruct("Out", {})]), {
        initial: "Work",
        exits: ["Out"],
        states: { Work: { to: ["Out"], run: Effect.map(all, (next) => ({ _tag: "Out", next })) } }
      })
      return Workflow.asTask(child, (exit) => exit.next)
    }
  }
}

const failure = (tag: string, secret: string | undefined): object =>
  secret === undefined
    ? { _tag: tag }
    : Object.assign(new Error(`failed with\n    at ${secret}:1:1`, { cause: secret }), { _tag: tag, secret })

const defect = (secret: string | undefined): unknown => (secret === undefined ? "boom" : new TypeError(secret))

const Secrets = Store.key("secrets", Schema.Array(Schema.Union([Schema.String, Schema.Redacted(Schema.String)])))

const List = Store.key("list", Schema.Array(Schema.Number))

const write = ({ append, put }: Attempt, log: Log): Effect.Effect<void, unknown, Store.MemoryStore> => {
  const n = log.attempts.length
  if (log.secret !== undefined) {
    return Effect.andThen(Store.append(Secrets, log.secret), Store.append(Secrets, Redacted.make(log.secret)))
  }
  if (put !== undefined) return Store.put(Store.key(put, Schema.Number), n)
  return append === undefined ? Effect.void : Store.append(List, n)
}

const policyOf = (policy: Policy) =>
  policy.kind === "fixed"
    ? Retry.fixed(policy.retries, policy.delay)
    : Retry.exponentialCustom({ ...policy, jitter: 0 })
