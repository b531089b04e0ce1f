import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Failed, Result } from "../../Concurrent.ts"
import type { ForkTimeout, ForkUnmet, Task } from "../../Task.ts"
import type * as Wait from "../../Wait.ts"
import type { Workflow } from "../../Workflow.ts"
import { type Check, described, isPromise, refuse } from "../faults.ts"
import { type AnyEffect, type Handler, toEffect } from "../machine/output.ts"
import { isStartable, type Startable, StartKey } from "../machine/startable.ts"
import type { BareTag, Tag } from "../machine/state.ts"
import type { OutputOf } from "../inference.ts"
import { compiled, isTask, type Parts } from "../machine/task.ts"
import { nested } from "../run/outside.ts"
import { attempts } from "../run/recovery.ts"
import { goalOf } from "./goal.ts"
import * as Pool from "./pool.ts"
import { resultOf } from "./result.ts"

/** What a fork can run beside others: an Effect, a task, or a workflow that can start by itself. */
type Branch = Effect.Effect<unknown, unknown, unknown> | Task<any, any, any, any> | Startable<any, any, any, any>

/** Branches by name, or in a list. */
export type Branches = ReadonlyArray<Branch> | Readonly<Record<string, Branch>>

/**
 * What `join` gets: plain values where all branches are waited for, since then all have succeeded, and the result of
 * each branch otherwise. A list stays a list and a record a record.
 */
export type Joined<B, W> = {
  -readonly [K in keyof B]: W extends Wait.All ? BranchSuccess<B[K]> : Result<BranchSuccess<B[K]>, BranchFailure<B[K]>>
}

/** Every branch must be able to take the state: what they ask for, together. */
export type BranchesState<B> = [Takes<Each<B>>] extends [never]
  ? unknown
  : Takes<Each<B>> extends (state: infer State) => void
    ? State
    : never

type Takes<B> =
  B extends Task<infer State, any, any, any> ? (unknown extends State ? never : (state: State) => void) : never

/** Nothing said means all. */
export type Strategy<W> = W extends undefined ? Wait.All : W

/** What a fork fails with, but for its join. Where all branches are waited for, the failure of one is the failure of all. */
export type ForkFailure<Forked, W, Limit> =
  | (Strategy<W> extends Wait.All ? BranchFailure<Each<OutputOf<Forked>>> : never)
  | (Strategy<W> extends Wait.Quota | Wait.Percentage ? ForkUnmet : never)
  | (Limit extends undefined ? never : ForkTimeout)

/** The services of all branches. */
export type BranchServices<B> = ServicesOfBranch<Each<B>>

/** One of the branches. */
type Each<B> = B extends ReadonlyArray<infer Branch> ? Branch : B[keyof B]

type BranchSuccess<B> =
  B extends Effect.Effect<infer A, any, any>
    ? A
    : B extends Task<any, infer A, any, any>
      ? A
      : B extends Startable<infer A, any, any, any>
        ? A
        : unknown

type BranchFailure<B> =
  B extends Effect.Effect<any, infer E, any>
    ? E
    : B extends Task<any, any, infer E, any>
      ? E
      : B extends Startable<any, infer E, any, any>
        ? E
        : unknown

type ServicesOfBranch<B> =
  B extends Effect.Effect<any, any, infer R>
    ? R
    : B extends Task<any, any, any, infer R>
      ? R
      : B extends Startable<any, any, infer R, any>
        ? R
        : unknown

/** Refuses workflows that cannot start by themselves. */
export type StartableBranches<B> = [PayloadOfStart<Each<B>>] extends [never]
  ? unknown
  : "the initial state of a workflow among the branches carries a payload: start it with Workflow.run(workflow, state)"

type PayloadOfStart<B> =
  B extends Startable<any, any, any, infer Start>
    ? 0 extends 1 & Start
      ? never
      : Exclude<Tag<Start>, BareTag<Start>>
    : never

const isBranch = (u: unknown): u is Branch => Effect.isEffect(u) || isTask(u) || isStartable(u)

/** The names and the workflows of branches that do not depend on the state. */
export const detailsOf = (
  branches: Branches
): { readonly branches: ReadonlyArray<string>; readonly workflows: ReadonlyArray<Workflow.Any> } => ({
  branches: Object.keys(branches),
  workflows: Object.values(branches).flatMap((branch) => {
    if (isStartable(branch)) return [branch as unknown as Workflow.Any]
    const child = isTask(branch) ? compiled(branch).child : undefined
    return child === undefined ? [] : [child.workflow]
  })
})

/** What is wrong with the branches of a fork. */
export const branchesProblems: Check = (what, branches) => {
  if (typeof branches === "function" && !Effect.isEffect(branches)) return []
  if (typeof branches !== "object" || branches === null || isBranch(branches) || isPromise(branches))
    return [`${what} is ${described(branches)}, expected a record or a list of Effects, tasks and workflows`]
  return Object.entries(branches).flatMap(([id, branch]) =>
    isBranch(branch)
      ? []
      : [`branch "${id.slice(0, 40)}" is ${described(branch)}, expected an Effect, a task or a workflow`]
  )
}

/** A fork, compiled. Its errors belong to the public module, which imports this one. */
export interface ForkPlan {
  readonly branches: (state: unknown) => Branches
  readonly wait: Wait.Wait
  readonly timeout: Duration.Duration | undefined
  readonly concurrency: number
  readonly join: Handler
  readonly late: (total: number, completed: number) => ForkTimeout
  readonly unmet: (total: number, required: number, failed: ReadonlyArray<Failed<unknown>>) => ForkUnmet
}

/** Runs the branches, and joins them. Interpreters that stand around the parts of a task say so by `parts`. */
export const runFork = (plan: ForkPlan, state: unknown, parts: Parts | undefined): AnyEffect =>
  Effect.suspend(() => {
    const branches = plan.branches(state)
    refuse("Task.fork", branchesProblems("what branches gave", branches))
    const ids = Object.keys(branches)
    const goal = goalOf(plan.wait, ids.length, true)
    const timeout = plan.timeout === undefined ? Infinity : Duration.toMillis(plan.timeout)
    const isTimed = timeout < (goal.deadline ?? Infinity)
    const effects = Object.entries(branches).map(([id, branch]) => branchEffect(id, branch, state, parts))
    const pool = Pool.run(effects, {
      goal: isTimed ? { ...goal, deadline: timeout } : goal,
      annotation: "cano.branch.id",
      idOf: (index) => ids[index]!,
      concurrency: plan.concurrency,
      onSettled: parts?.check
    })
    return Effect.flatMap(pool, (pool) => {
      if (pool.end === "deadline" && isTimed) return Effect.fail(plan.late(pool.total, pool.completed))
      const results = ids.map((id, index) => resultOf(pool.exits[index], id))
      if (pool.end === "unreachable" && goal.deadline === undefined) return unmet(plan, goal.required!, pool, results)
      const joined = plan.wait._tag === "All" ? pool.exits.map((exit) => (exit as Exit.Success<any>).value) : results
      const shaped = Array.isArray(branches) ? joined : Object.fromEntries(ids.map((id, index) => [id, joined[index]]))
      return toEffect(plan.join(shaped, state))
    })
  })

const branchEffect = (id: string, branch: Branch, state: unknown, parts: Parts | undefined): AnyEffect => {
  if (isTask(branch)) {
    const task = compiled(branch)
    return parts === undefined ? attempts(task, state) : parts.taskBranch(id, task, state)
  }
  const effect = isStartable(branch) ? started(branch, state) : branch
  return parts === undefined ? effect : parts.branch(id, effect)
}

const started = (branch: Startable<any, any, any, any>, state: unknown): AnyEffect => {
  const workflow = branch as unknown as Workflow.Any
  return nested({ workflow, start: undefined, mapExit: (exit) => exit }, state, branch[StartKey]())
}

/** Where all branches are needed, the error of the first that failed says it best. */
const unmet = (
  plan: ForkPlan,
  required: number,
  { exits, firstFailure, total }: Pool.Pool,
  results: ReadonlyArray<Result<unknown, unknown>>
): Effect.Effect<never, any> => {
  if (plan.wait._tag === "All") return exits[firstFailure!] as Exit.Failure<never, any>
  const failed = results.filter((result) => result._tag === "Failed")
  return Effect.fail(plan.unmet(total, required, failed))
}
