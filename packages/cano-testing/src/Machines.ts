/**
 * Machines as data. The module `Reference` predicts their outcomes, the module `Trial` builds workflows from them, and
 * {@link randomMachine} generates them.
 *
 * The data describes the work of each attempt, and nothing of the interpreter's work.
 *
 * @since 0.1.0
 */
import { random, type Random } from "./Seed.ts"

/**
 * A state machine, with the work of its states.
 *
 * @category models
 * @since 0.1.0
 */
export interface Machine {
  /** Whether states are records, with the state or failure that led to them, instead of literals. */
  readonly records: boolean
  readonly start: string
  readonly exits: ReadonlyArray<string>
  readonly states: Readonly<Record<string, State>>
  readonly maxTransitions: number
  /**
   * The decisions of the attempts in the order of the whole run, in place of the scripts: take an edge, fail or die.
   * Later attempts take the first edge.
   */
  readonly choices?: ReadonlyArray<number | "fail" | "die"> | undefined
}

/**
 * A state that is not an exit.
 *
 * @category models
 * @since 0.1.0
 */
export interface State {
  readonly to: ReadonlyArray<string>
  readonly form: Form
  /** The attempts of the state, in the order of a run. The last one stands for all later attempts. */
  readonly script: ReadonlyArray<Attempt>
  readonly retry?: Policy | undefined
  /** Bounds an attempt, in milliseconds. The number is odd, so it never equals a sleep. */
  readonly timeout?: number | undefined
  /** The targets by the tag of a failure. `byFunction` writes a target as a function of the error and the state. */
  readonly catch: Readonly<Record<string, { readonly to: string; readonly byFunction: boolean }>>
}

/**
 * One attempt: a write into the store, if any, a sleep, and an end.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  /** The key to put the number of the attempt under. */
  readonly put?: string | undefined
  /** The key of the list to append the number of the attempt to. */
  readonly append?: string | undefined
  /** The sleep in milliseconds, an even number. */
  readonly sleep: number
  readonly outcome: { readonly goto: string } | { readonly fail: string } | { readonly die: true }
}

/**
 * A retry policy.
 *
 * @category models
 * @since 0.1.0
 */
export type Policy =
  | { readonly kind: "fixed"; readonly retries: number; readonly delay: number }
  | {
      readonly kind: "exponential"
      readonly retries: number
      readonly base: number
      readonly factor: number
      readonly maxDelay: number
    }

/** The forms of `run` that cannot sleep or write. */
const quickForms = ["pure", "exit"] as const
/**
 * Lists the forms that the `run` of a state can have.
 *
 * @category models
 * @since 0.1.0
 */
export const forms = [...quickForms, "effect", "function", "generator", "task", "node", "nested"] as const
/**
 * A form that the `run` of a state can have.
 *
 * @category models
 * @since 0.1.0
 */
export type Form = (typeof forms)[number]

/**
 * The outcome of a run: everything that a test compares.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outcome {
  readonly end:
    | { readonly exit: unknown }
    | { readonly error: string; readonly place: Place }
    | { readonly defect: string; readonly place: Place }
  /** Every attempt as `state#attempt@milliseconds`. */
  readonly attempts: ReadonlyArray<string>
  /** Every state entered. */
  readonly path: ReadonlyArray<string>
  readonly store: Readonly<Record<string, unknown>>
  /** The duration of the run in milliseconds. */
  readonly elapsed: number
}

/**
 * The place where a run failed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  readonly workflow: string
  readonly state: string
  readonly transitions: number
  readonly attempt: number
}

/**
 * Gives the work of the next attempt of a state, after `ofState` attempts of that state and `inAll` attempts of the
 * run.
 *
 * @category generators
 * @since 0.1.0
 */
export const attemptOf = (machine: Machine, state: State, ofState: number, inAll: number): Attempt => {
  if (machine.choices === undefined) return state.script[Math.min(ofState, state.script.length - 1)]!
  const choice = machine.choices[inAll] ?? 0
  if (choice === "die") return { sleep: 0, outcome: { die: true } }
  return { sleep: 0, outcome: choice === "fail" ? { fail: "E0" } : { goto: state.to[choice]! } }
}

/**
 * Makes a machine of at most 12 states from a seed. Each machine has its own probabilities of failures, defects and
 * sleeps.
 *
 * @category generators
 * @since 0.1.0
 */
export const randomMachine = (seed: number): Machine => {
  const rng = random(seed)
  const weights = {
    fail: rng.pick([0, 0.2, 0.6]),
    die: rng.pick([0, 0, 0.05]),
    sleep: rng.pick([0, 0.3, 0.8]),
    write: rng.pick([0, 0.5]),
    catch: rng.pick([0, 0.5, 1]),
    retry: rng.pick([0, 0.5, 1]),
    timeout: rng.pick([0, 0.5])
  }
  const count = 1 + rng.int(10)
  const working = Array.from({ length: count }, (_, i) => `S${i}`)
  const exits = rng.chance(0.5) ? ["X0"] : ["X0", "X1"]
  const edges = working.map((_, i) => new Set([working[i + 1] ?? "X0"]))
  for (const exit of exits.slice(1)) rng.pick(edges).add(exit)
  for (const to of edges) {
    for (let extra = rng.int(4); extra > 0; extra--) to.add(rng.pick([...working, ...exits]))
  }
  const states = working.map((tag, i) => [tag, randomState(rng, shuffled(rng, [...edges[i]!]), weights)] as const)
  return {
    records: rng.chance(0.5),
    start: rng.chance(0.1) ? rng.pick([...working, ...exits]) : "S0",
    exits,
    states: Object.fromEntries(states),
    maxTransitions: rng.pick([1, 3, 8, 20, 20, 20])
  }
}

type Weights = Record<"fail" | "die" | "sleep" | "write" | "catch" | "retry" | "timeout", number>

const randomState = (rng: Random, to: ReadonlyArray<string>, weights: Weights): State => {
  const form = rng.pick(forms)
  const quick = form === "pure" || form === "exit"
  const failable = form !== "pure"
  const armed = form === "task" || form === "node"
  const script = Array.from({ length: 1 + rng.int(4) }, (): Attempt => {
    const write =
      quick || !rng.chance(weights.write) ? {} : rng.pick([{ put: rng.pick(["a", "b"]) }, { append: "list" }])
    return {
      ...write,
      sleep: quick || !rng.chance(weights.sleep) ? 0 : 2 * rng.int(50),
      outcome: rng.chance(weights.die)
        ? { die: true }
        : failable && rng.chance(weights.fail)
          ? { fail: rng.pick(["E0", "E1"]) }
          : { goto: rng.pick(to) }
    }
  })
  const caught = ["E0", "E1", "AttemptTimeout", "*"].filter(() => rng.chance(weights.catch))
  return {
    to,
    form,
    script,
    retry: armed && rng.chance(weights.retry) ? randomPolicy(rng) : undefined,
    timeout: armed && rng.chance(weights.timeout) ? 1 + 2 * rng.int(40) : undefined,
    catch: Object.fromEntries(caught.map((error) => [error, { to: rng.pick(to), byFunction: rng.chance(0.5) }]))
  }
}

const randomPolicy = (rng: Random): Policy =>
  rng.chance(0.5)
    ? { kind: "fixed", retries: rng.int(4), delay: rng.int(3) * 10 }
    : {
        kind: "exponential",
        retries: rng.int(4),
        base: rng.int(3) * 10,
        factor: 1 + rng.int(3),
        maxDelay: rng.pick([15, 60, 1000])
      }

const shuffled = <A>(rng: Random, items: ReadonlyArray<A>): ReadonlyArray<A> => {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}
