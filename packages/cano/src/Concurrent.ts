/**
 * Runs many effects, or many instances of one workflow, at once, and waits for them by a strategy.
 *
 * 1. Results come in **input order**, whatever the order in which instances finish.
 * 2. A failing instance never fails the call: the cause is the result of that instance.
 * 3. The counters always sum up: `completed + failed + cancelled === total`.
 * 4. When a limit ends the waiting, the results so far are kept.
 * 5. Losing instances are interrupted **and awaited**: after the call has returned, none of them does anything any
 *    more.
 * 6. The number of running instances never exceeds `concurrency`. A waiting instance costs nothing but its place.
 * 7. Instances start in slices, so timers keep firing while 100,000 of them start.
 *
 * @example
 * ```ts
 * import { Concurrent, Wait } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * const replicas = ["a", "b", "c"].map((name) => Effect.as(Effect.sleep("10 millis"), name))
 *
 * const program = Effect.gen(function* () {
 *   const { results, status } = yield* Concurrent.run(replicas, { wait: Wait.quota(2) })
 *   // status: { total: 3, completed: 2, failed: 0, cancelled: 1, ... }
 *   return results.flatMap((result) => (result._tag === "Completed" ? [result.value] : []))
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  type Checks,
  described,
  expected,
  isConcurrency,
  isFunction,
  isIterable,
  isPromise,
  isSpan,
  limitOf,
  nameProblems,
  optional,
  optionsProblems,
  refuse
} from "./internal/faults.ts"
import { brandStatus } from "./internal/pool/brand.ts"
import { goalOf } from "./internal/pool/goal.ts"
import * as Pool from "./internal/pool/pool.ts"
import { idsProblems, resultOf } from "./internal/pool/result.ts"
import { Meter } from "./internal/watch/meter.ts"
import { inSpan, isTraced, span, type SpanChoice } from "./internal/watch/spans.ts"
import * as Wait from "./Wait.ts"
import * as Workflow from "./Workflow.ts"

/**
 * An instance that succeeded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Completed<out A> {
  readonly _tag: "Completed"
  readonly id: string
  readonly value: A
}

/**
 * An instance that failed or died, with its cause.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed<out E> {
  readonly _tag: "Failed"
  readonly id: string
  readonly cause: Cause.Cause<E>
}

/**
 * An instance that was interrupted, or never started, because the waiting was over.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cancelled {
  readonly _tag: "Cancelled"
  readonly id: string
}

/**
 * How an instance ended. Where every instance is waited for, none is cancelled.
 *
 * @category models
 * @since 0.1.0
 */
export type Result<A, E, W extends Wait.Wait = Wait.Wait> =
  | Completed<A>
  | Failed<E>
  | (W extends Wait.All ? never : Cancelled)

/**
 * The counters of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly total: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** The time from the start of the batch to its end. */
  readonly duration: Duration.Duration
  /**
   * The reason why the waiting was over. `"settled"`: every instance had settled. `"quota"`: the quota was met.
   * `"deadline"`: the time was up. `"unreachable"`: every instance had settled without meeting the quota.
   */
  readonly end: "settled" | "quota" | "deadline" | "unreachable"
}

/**
 * The counters of a batch that is under way.
 *
 * @category models
 * @since 0.1.0
 */
export interface Progress {
  readonly total: number
  readonly completed: number
  readonly failed: number
  /** Instances that have started and not ended. */
  readonly running: number
}

/**
 * A value that needs no waiting: neither a promise nor an Effect.
 *
 * @category models
 * @since 0.1.0
 */
export type Immediate =
  | void
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | symbol
  | { readonly then?: never; readonly [Effect.TypeId]?: never }

/**
 * The results and the counters of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Batch<out Results> {
  /** One result for each instance, in input order. */
  readonly results: Results
  readonly status: Status
}

/**
 * The options of a batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<W extends Wait.Wait> {
  /** How long to wait. Default: `Wait.all`. */
  readonly wait?: W | undefined
  /** How many instances may run at the same time, from 1. Default: `"unbounded"`. */
  readonly concurrency?: number | "unbounded" | undefined
  /**
   * Called after the end of each instance, while the batch runs. The function should be quick. If it throws, the batch
   * ends with that defect. Nobody would wait for an Effect or a promise, so a function that returns one ends the batch
   * with a defect too.
   */
  readonly onProgress?: ((progress: Progress) => Immediate) | undefined
  /** The name of the batch's span, and attributes for it. Default: `concurrent`. */
  readonly span?: { readonly name: string; readonly attributes?: Record<string, unknown> | undefined } | undefined
}

/**
 * @since 0.1.0
 */
export declare namespace Results {
  /**
   * The results of a list of effects; a tuple stays a tuple.
   *
   * @category models
   * @since 0.1.0
   */
  export type Of<Effects extends Iterable<Effect.Effect<unknown, unknown, unknown>>, W extends Wait.Wait> =
    Effects extends ReadonlyArray<Effect.Effect<any, any, any>>
      ? { -readonly [K in keyof Effects]: Result<Effect.Success<Effects[K]>, Effect.Error<Effects[K]>, W> }
      : Effects extends Iterable<infer Each>
        ? Array<Result<Effect.Success<Each>, Effect.Error<Each>, W>>
        : never
}

/**
 * Runs effects at once and waits for them by a strategy. It cannot fail: failures are results.
 *
 * **Details**
 *
 * - `wait`: see `Wait`. Default: `Wait.all`.
 * - `concurrency`: default unbounded.
 * - `ids`: the names of the instances in results, spans and logs, one for each effect, all different. Default: the
 *   index.
 * - `onProgress`: gets the counters after the end of each instance.
 * - `span`: the name of the batch's span, and attributes for it. Default: `concurrent`.
 *
 * Interrupting the call interrupts every instance and waits for the finalizers. Throws a `ConfigurationError` if
 * `concurrency` is not a whole number from 1, if an id is given twice, or if the number of `ids` differs from the
 * number of effects.
 *
 * **Gotchas**
 *
 * The call waits for the uninterruptible region of a loser as well. Effect ends the fiber after that region, so the
 * instance is cancelled all the same.
 *
 * @example
 * ```ts
 * import { Concurrent, Wait } from "effect-cano"
 * import type * as Effect from "effect/Effect"
 *
 * declare const downloads: ReadonlyArray<Effect.Effect<string, Error>>
 * declare const bar: { readonly update: (value: number) => void }
 *
 * const batch = Concurrent.run(downloads, {
 *   wait: Wait.quotaOrDuration(10, "30 seconds"),
 *   concurrency: 4,
 *   onProgress: ({ completed }) => bar.update(completed)
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <
  const Effects extends Iterable<Effect.Effect<unknown, unknown, unknown>>,
  W extends Wait.Wait = Wait.All
>(
  effects: Effects,
  options?: Options<W> & { readonly ids?: ReadonlyArray<string> | undefined }
): Effect.Effect<
  Batch<Results.Of<Effects, W>>,
  never,
  Effects extends Iterable<infer Each> ? Effect.Services<Each> : never
> => {
  refuse("Concurrent.run", [
    ...isIterable("what it was given", effects),
    ...(options === undefined ? [] : optionsProblems("options", options, runChecks))
  ])
  const list: ReadonlyArray<Effect.Effect<any, any, any>> = Array.from(effects)
  const ids = options?.ids === undefined ? undefined : Array.from(options.ids)
  refuse("Concurrent.run", [
    ...list.flatMap(effectProblems),
    ...(ids === undefined ? [] : idsProblems(ids, list.length))
  ])
  const { onProgress } = options ?? {}
  const wait: Wait.Wait = options?.wait ?? Wait.all
  const idOf = (index: number): string => ids?.[index] ?? String(index)
  const poolOptions: Pool.Options = {
    goal: goalOf(wait, list.length),
    annotation: "cano.instance.id",
    idOf,
    concurrency: limitOf(options?.concurrency),
    onSettled: onProgress === undefined ? undefined : (pool: Pool.Pool) => report(onProgress(progressOf(pool)))
  }
  return Effect.withFiber((fiber) => {
    const meter = Context.getOrUndefined(fiber.context, Meter)
    const metered = (batch: Effect.Effect<Batch<any>>): Effect.Effect<Batch<any>> =>
      meter === undefined
        ? batch
        : Effect.tap(batch, ({ status }) => Effect.sync(() => meter.instances(status, fiber.context)))
    if (!isTraced(fiber)) return metered(finished(Pool.run(list, poolOptions), idOf))
    const traced = list.map((effect, index) => inInstanceSpan(effect, idOf(index)))
    return metered(inBatchSpan(wait, list.length, options?.span, finished(Pool.run(traced, poolOptions), idOf)))
  })
}

/**
 * One instance of a workflow.
 *
 * @category models
 * @since 0.1.0
 */
export type Instance<State, Initial> = {
  /** Names the instance in results, spans and logs. 1 to 256 characters. */
  readonly id: string
  /** Services for this instance alone, such as a store. */
  readonly context?: Context.Context<any> | undefined
} & ([] extends Workflow.Workflow.Start<State, Initial>
  ? { readonly state?: State | undefined }
  : { readonly state: State })

/**
 * Runs many instances of one workflow at once and waits for them by a strategy.
 *
 * **Details**
 *
 * - `instances`: each has an `id`, a start `state` (optional where the workflow's initial state has no payload), and
 *   optionally a `context` of its own. Services that all instances are given leave the `R` of the batch.
 * - `layer`: built afresh for each instance, such as `Store.MemoryStore.layer`. If the layer fails to build, the
 *   instance has failed.
 * - `wait`, `concurrency`, `onProgress`, `span`: as in {@link run}.
 *
 * Throws a `ConfigurationError` if `concurrency` is not a whole number from 1, or if two instances have the same id.
 *
 * @example
 * ```ts
 * import { Concurrent, Store, Wait, Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Rows = Store.key("rows", Schema.Array(Schema.String))
 * const Import = Schema.TaggedUnion({ Read: { row: Schema.String }, Done: {} })
 *
 * const importRow = Workflow.make("import", Import, {
 *   initial: "Read",
 *   exits: ["Done"],
 *   states: {
 *     Read: { to: ["Done"], run: ({ row }) => Effect.as(Store.append(Rows, row), { _tag: "Done" }) }
 *   }
 * })
 *
 * const batch = Concurrent.workflow(importRow, {
 *   instances: ["a", "b"].map((row, index) => ({ id: `row-${index}`, state: { _tag: "Read", row } as const })),
 *   layer: Store.MemoryStore.layer,
 *   wait: Wait.duration("30 seconds"),
 *   concurrency: 16
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const workflow = <
  State,
  Exit,
  E,
  R,
  Initial,
  const I extends Instance<NoInfer<State>, NoInfer<Initial>>,
  L extends Layer.Layer<any, any, any> | undefined = undefined,
  W extends Wait.Wait = Wait.All
>(
  self: Workflow.Workflow<State, Exit, E, R, Initial>,
  options: Options<W> & {
    readonly instances: Iterable<I>
    readonly layer?: L
  }
): Effect.Effect<
  Batch<Array<Result<Exit, E | Layer.Error<NonNullable<L>>, W>>>,
  never,
  Exclude<R, Provided<I> | Built<L>> | Layer.Services<NonNullable<L>>
> => {
  refuse("Concurrent.workflow", [
    ...(Workflow.isWorkflow(self) ? [] : [`what it was given is ${described(self)}, expected a workflow`]),
    ...optionsProblems("options", options, workflowChecks)
  ])
  const { concurrency, layer, onProgress, span, wait } = options
  const instances = Array.from(options.instances as Iterable<Instance<any, any> & { readonly state?: unknown }>)
  refuse("Concurrent.workflow", instances.flatMap(instanceProblems))
  const ids = instances.map(({ id }) => id)
  refuse("Concurrent.workflow", idsProblems(ids, ids.length))
  const runUntyped = Workflow.run as (self: Workflow.Workflow.Any, state?: unknown) => Effect.Effect<any, any, any>
  const runs = instances.map(({ state, context }) => {
    const run = runUntyped(self, state)
    const inContext = context === undefined ? run : Effect.provideContext(run, context)
    return layer === undefined ? inContext : Effect.provide(inContext, Layer.fresh(layer), { local: true })
  })
  return run(runs, { concurrency, onProgress, span, wait, ids } as Options<W>) as Effect.Effect<any, never, any>
}

/** The services that every instance is given. A context that some instances lack provides nothing. */
type Provided<I> = [I] extends [{ readonly context: Context.Context<infer S> }] ? S : never

/** The services of the layer, unless it may be missing. */
type Built<L> = [L] extends [Layer.Layer<infer S, any, any>] ? S : never

/**
 * Gives the values of a batch in input order, or fails with the cause of the first failed instance in that order.
 * Cancelled instances are left out.
 *
 * @example
 * ```ts
 * import { Concurrent } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const lookups: ReadonlyArray<Effect.Effect<string, Error>>
 *
 * const names = Effect.flatMap(Concurrent.run(lookups), Concurrent.values) // Effect<Array<string>, Error>
 * ```
 *
 * @category destructors
 * @since 0.1.0
 */
export const values = <A, E>(
  batch: Batch<ReadonlyArray<Completed<A> | Failed<E> | Cancelled>>
): Effect.Effect<Array<A>, E> => {
  const found: Array<A> = []
  for (const result of batch.results) {
    if (result._tag === "Failed") return Effect.failCause(result.cause)
    if (result._tag === "Completed") found.push(result.value)
  }
  return Effect.succeed(found)
}

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const progressOf = ({ total, completed, failed, running }: Pool.Pool): Progress => ({
  total,
  completed,
  failed,
  running
})

/** An untyped caller may give an async function, or one that returns an Effect. */
const report = (output: unknown): void => {
  if (typeof output !== "object" || output === null) return
  if (!Effect.isEffect(output) && !isPromise(output)) return
  refuse("Concurrent.run", [`onProgress returned ${described(output)}, which nobody waits for: it is a plain function`])
}

const optionChecks: Checks<Options<any>> = {
  wait: optional(expected("a strategy of the module Wait", Wait.isWait)),
  concurrency: optional(isConcurrency),
  onProgress: optional(isFunction),
  span: optional(isSpan)
}

const runChecks = { ...optionChecks, ids: optional(isIterable) }

const workflowChecks = {
  ...optionChecks,
  instances: isIterable,
  layer: optional(expected("a Layer", Layer.isLayer))
}

const effectProblems = (effect: unknown, index: number): ReadonlyArray<string> =>
  Effect.isEffect(effect) ? [] : [`effect ${index} is ${described(effect)}, expected an Effect`]

const instanceProblems = (instance: unknown, index: number): ReadonlyArray<string> =>
  optionsProblems<Instance<any, any>>(`instance ${index}`, instance, {
    id: (_, id) => nameProblems(`the id of instance ${index}`, id),
    context: optional(expected("a Context", Context.isContext)),
    state: () => []
  })

const finished = (pool: Effect.Effect<Pool.Pool>, idOf: (index: number) => string): Effect.Effect<Batch<any>> =>
  Effect.flatMap(pool, (pool) =>
    Effect.clockWith((clock) =>
      Effect.succeed({
        results: Array.from(pool.exits, (exit, index) => resultOf(exit, idOf(index))),
        status: statusOf(pool, clock.currentTimeMillisUnsafe())
      })
    )
  )

const statusOf = ({ total, completed, failed, startedAt, end }: Pool.Pool, now: number): Status =>
  brandStatus({
    total,
    completed,
    failed,
    cancelled: total - completed - failed,
    duration: Duration.millis(now - startedAt),
    end: end!
  })

const inInstanceSpan = (effect: Effect.Effect<any, any, any>, id: string): Effect.Effect<any, any, any> =>
  span("instance", { "cano.instance.id": id })(effect)

const inBatchSpan = <A>(
  wait: Wait.Wait,
  total: number,
  choice: SpanChoice | undefined,
  batch: Effect.Effect<Batch<A>>
): Effect.Effect<Batch<A>> => {
  const attributes = { "cano.batch.wait": Wait.format(wait), "cano.batch.total": total, ...choice?.attributes }
  return inSpan(choice?.name ?? "concurrent", { attributes }, (span) =>
    Effect.tap(batch, ({ status }) =>
      Effect.sync(() => {
        span.attribute("cano.batch.completed", status.completed)
        span.attribute("cano.batch.failed", status.failed)
        span.attribute("cano.batch.cancelled", status.cancelled)
        span.attribute("cano.batch.end", status.end)
      })
    )
  )
}
