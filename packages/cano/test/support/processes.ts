/** Workers in tests: each in a scope of its own, so that a test can end or kill it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { make, type Options, type Plan, type TestJournal } from "effect-cano-testing/TestJournal"
import * as Durable from "../../src/Durable.ts"
import * as Journal from "../../src/Journal.ts"
import type * as Workflow from "../../src/Workflow.ts"

/** A worker as a process of its own: what it does in the journal can be made to fail. */
export interface Process {
  readonly handle: TestJournal
  /** Gives an effect the `Durable` of this process. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, Durable.Durable>) => Effect.Effect<A, E>
  /** Closes its layer, as at SIGTERM. */
  readonly close: Effect.Effect<void>
  /** Cuts the journal off, and drops everything, as at SIGKILL. What is left of it needs a second to go. */
  readonly kill: Effect.Effect<void>
}

/** A journal in memory. */
export const memory: Effect.Effect<Journal.Shape, never, Scope.Scope> = Effect.map(
  Layer.build(Journal.layerMemory),
  (context) => Context.get(context, Journal.Journal)
)

interface ProcessOptions extends Options {
  readonly plan?: Plan | undefined
  readonly worker?: Durable.WorkerOptions | undefined
  readonly register?: Layer.Layer<never, never, Durable.Durable> | undefined
}

/** Starts a process that runs workflows. Its states get no time to end, unless `worker` says so. */
export const processOf = (
  journal: Journal.Shape,
  workflows: ReadonlyArray<Workflow.Workflow<any, any, any, any, any>>,
  { plan, register, worker, ...options }: ProcessOptions = {}
): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.gen(function* () {
    const handle = make(journal, plan, options)
    const all = workflows.map((workflow) => Durable.register(workflow) as Layer.Layer<never, any, any>)
    const layer = Layer.mergeAll(register ?? Layer.empty, ...all).pipe(
      Layer.provideMerge(Durable.layer({ drain: 0, ...worker })),
      Layer.provide(Layer.succeed(Journal.Journal, handle.journal))
    ) as Layer.Layer<Durable.Durable, any>
    const scope = yield* Scope.fork(yield* Effect.scope)
    const context = yield* Layer.buildWithScope(layer, scope)
    const close = Scope.close(scope, Exit.void)
    return {
      handle,
      run: <A, E>(effect: Effect.Effect<A, E, Durable.Durable>) => Effect.provideContext(effect, context),
      close,
      kill: Effect.andThen(handle.cutOff, Effect.asVoid(Effect.forkDetach(close)))
    }
  }).pipe(Effect.orDie)

/** Starts a process that only looks. */
export const clientOf = (journal: Journal.Shape) =>
  Effect.map(
    Effect.orDie(Layer.build(Durable.layerClient.pipe(Layer.provide(Layer.succeed(Journal.Journal, journal))))),
    (context) =>
      <A, E>(effect: Effect.Effect<A, E, Durable.Durable>) =>
        Effect.provideContext(effect, context)
  )
