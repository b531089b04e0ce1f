/**
 * The reference interpreter: it predicts the outcome of a machine. It is written from the documentation, not from the
 * source.
 *
 * It is synchronous, uses no Effect, and keeps a clock of its own.
 *
 * @since 0.1.0
 */
import { attemptOf, type Attempt, type Machine, type Outcome, type Policy, type State } from "./Machines.ts"

/**
 * Predicts the outcome of a machine.
 *
 * @category running
 * @since 0.1.0
 */
export const interpret = (machine: Machine): Outcome => {
  const attempts: Array<string> = []
  const path: Array<string> = [machine.start]
  const store: Record<string, unknown> = {}
  const tried = new Map<string, number>()
  let now = 0
  let transitions = 0
  let tag = machine.start
  let by: string | undefined = "start"

  /** Makes one attempt: writes into the store, moves the clock, and gives the end of the attempt. */
  const attempt = (state: State, { append, outcome, put, sleep }: Attempt): Attempt["outcome"] => {
    if (put !== undefined) store[put] = attempts.length
    if (append !== undefined) store[append] = [...((store[append] as Array<number> | undefined) ?? []), attempts.length]
    const late = state.timeout !== undefined && sleep > state.timeout
    now += late ? state.timeout : sleep
    return late ? { fail: "AttemptTimeout" } : outcome
  }

  while (!machine.exits.includes(tag)) {
    const state = machine.states[tag]!
    // A nested workflow fails in its own and only state.
    const place = (attempt: number) =>
      state.form === "nested"
        ? { workflow: "child", state: "Work", transitions: 0, attempt }
        : { workflow: "machine", state: tag, transitions, attempt }
    const ended = (end: Outcome["end"]): Outcome => ({ end, attempts, path, store, elapsed: now })
    if (transitions === machine.maxTransitions) {
      const own = { workflow: "machine", state: tag, transitions, attempt: 1 }
      return ended({ error: "MaxTransitionsExceeded", place: own })
    }
    for (let nth = 1; ; nth++) {
      attempts.push(`${tag}#${nth}@${now}`)
      const count = tried.get(tag) ?? 0
      tried.set(tag, count + 1)
      const outcome = attempt(state, attemptOf(machine, state, count, attempts.length - 1))
      if ("die" in outcome) return ended({ defect: attempts.at(-1)!, place: place(nth) })
      if ("goto" in outcome) {
        ;[by, tag] = [tag, outcome.goto]
        break
      }
      if (nth <= (state.retry?.retries ?? 0)) {
        now += delayOf(state.retry!, nth)
        continue
      }
      const route = state.catch[outcome.fail] ?? state.catch["*"]
      if (route === undefined) return ended({ error: outcome.fail, place: place(nth) })
      ;[by, tag] = [route.byFunction ? `${outcome.fail} of ${tag}` : undefined, route.to]
      break
    }
    transitions++
    path.push(tag)
  }
  const exit = machine.records ? { _tag: tag, ...(by === undefined ? {} : { by }) } : tag
  return { end: { exit }, attempts, path, store, elapsed: now }
}

/** The delay after the n-th failure, n from 1. */
const delayOf = (policy: Policy, n: number): number =>
  policy.kind === "fixed" ? policy.delay : Math.min(policy.base * policy.factor ** (n - 1), policy.maxDelay)
