/** Builds real workflows out of machines, and observes their runs. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Node from "../../src/Node.ts"
import * as Retry from "../../src/Retry.ts"
import * as Store from "../../src/Store.ts"
import * as Task from "../../src/Task.ts"
import * as Workflow from "../../src/Workflow.ts"
import { defectsOf, errorOf, makeUnchecked, placeOf, type Unchecked } from "../support.ts"
import { attemptOf, type Attempt, type Machine, type Outcome, type Policy, type State } from "./machines.ts"

/** What one run does, as it happens. */
export interface Log {
  readonly attempts: Array<string>
  readonly tried: Map<string, number>
  /** The time since the run began; set when it begins. */
  now: () => number
  /** Wraps the slow part of an attempt; the interruption law puts resources here. */
  readonly around: (tag: string, work: Effect.Effect<void>) => Effect.Effect<void>
  /** Put into every payload, value and error of the run; the law of the canaries looks where it gets to. */
  readonly secret: string | undefined
}

export const makeLog = (around: Log["around"] = (_, work) => work, secret?: string): Log => ({
  attempts: [],
  tried: new Map(),
  now: () => 0,
  around,
  secret
})

/** The workflow of a machine, for one run, which writes into the log. */
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

/** Runs a machine and gathers what the reference interpreter predicts. Needs the test clock to pass. */
export const observe = (machine: Machine, log: Log = makeLog()): Effect.Effect<Outcome> =>
  Effect.gen(function* () {
    const store = yield* Store.MemoryStore.make
    const clock = yield* Clock.clockWith(Effect.succeed)
    const began = clock.currentTimeMillisUnsafe()
    log.now = () => clock.currentTimeMillisUnsafe() - began
    const run = Workflow.run(build(machine, log), startOf(machine)) as Effect.Effect<
      unknown,
      unknown,
      Store.MemoryStore
    >
    const exit = yield* Effect.exit(Effect.provideService(run, Store.MemoryStore, store))
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

const endOf = (exit: Exit.Exit<unknown, unknown>, attempts: ReadonlyArray<string>): Outcome["end"] => {
  if (Exit.isSuccess(exit)) return { exit: exit.value }
  const place = placeOf(exit)!
  const defects = defectsOf(exit)
  if (defects.length === 0) return { error: (errorOf(exit) as { readonly _tag: string })._tag, place }
  return { defect: defects.length === 1 && defects[0] === "boom" ? attempts.at(-1)! : String(defects), place }
}

/** The states entered: each first attempt, and the state in which the run ended without one. */
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
  /** Notes the attempt and says what it is to do. */
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
