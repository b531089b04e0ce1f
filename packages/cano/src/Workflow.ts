/**
 * A workflow is a state machine whose states are Effect programs.
 *
 * A schema lists the states. Each state that is not an exit has a task and the edges it may take. A run goes from the
 * initial state to an exit. Wiring mistakes do not compile: a misspelt target, an edge that is not declared, a state
 * without a definition, an error that cannot happen.
 *
 * 1. The exit is tested **before** the handler: a run that starts in an exit returns at once.
 * 2. A task may return only the states in its `to`.
 * 3. Typed errors pass through untouched. Errors named in `catch` become edges and leave the workflow's `E`.
 * 4. A defect ends the run as that defect. An interruption stops the run at its next yield point. Finalizers then run
 *    in reverse, and nothing more starts.
 * 5. The loop is fair: an endless machine of pure functions can be interrupted, and lets timers run.
 * 6. Without a tracer in the context a run creates no span. With one, spans show the run, its states, the attempts of
 *    tasks with a retry policy, the phases of nodes and the branches of forks.
 * 7. `make` refuses the mistakes that types cannot express, with a `ConfigurationError`: a state that cannot be
 *    reached, a state without a way to an exit.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Light = Schema.Literals(["Green", "Yellow", "Red", "Off"])
 *
 * const light = Workflow.make("light", Light, {
 *   initial: "Green",
 *   exits: ["Off"],
 *   states: {
 *     Green: { to: ["Yellow"], run: Effect.as(Effect.sleep("30 seconds"), "Yellow") },
 *     Yellow: { to: ["Red"], run: () => "Red" },
 *     Red: { to: ["Green", "Off"], run: () => "Off" }
 *   }
 * })
 *
 * const program = Workflow.run(light) // Effect<"Off">
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Option from "effect/Option"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type { StackFrame } from "effect/References"
import * as Schema from "effect/Schema"
import type { Covariant, Invariant } from "effect/Types"
import {
  type Checks,
  countProblems,
  expected,
  isFunction,
  isObject,
  isPromise,
  isSpan,
  nameProblems,
  optional,
  optionsProblems,
  refuse,
  subjectOf
} from "./internal/faults.ts"
import {
  compensates,
  entriesOf,
  type Faults,
  hideIn,
  knownTag,
  type Location,
  type Machine,
  machineOf,
  recovers
} from "./internal/machine/machine.ts"
import * as Mermaid from "./internal/machine/mermaid.ts"
import { problems, type Routes, type StateDefinition } from "./internal/machine/problems.ts"
import { composite } from "./internal/machine/task.ts"
import { type Startable, StartKey } from "./internal/machine/startable.ts"
import type { AnyState, BareTag, Tag, WithTag } from "./internal/machine/state.ts"
import type { Output } from "./internal/inference.ts"
import type {
  Catches,
  DefaultCatch,
  DefaultWiring,
  Definition,
  ExitsWiring,
  InitialWiring,
  Needs,
  SchemaWiring,
  Uncaught,
  Wiring
} from "./internal/machine/wiring.ts"
import { nested } from "./internal/run/outside.ts"
import { start, step as runStep } from "./internal/run/start.ts"
import { stepWatchOf, watchOf } from "./internal/watch/watchers.ts"
import * as Task from "./Task.ts"

const TypeId = "~effect-cano/Workflow"

/**
 * A state machine over the states `State` that ends in one of the `Exit` states, may fail with `E`, needs the services
 * `R`, and starts in `Initial` unless told otherwise.
 *
 * @category models
 * @since 0.1.0
 */
export interface Workflow<State, out Exit, out E = never, out R = never, out Initial = State>
  extends Pipeable, Startable<Exit, E, R, Initial> {
  readonly [TypeId]: {
    readonly _State: Invariant<State>
    readonly _Exit: Covariant<Exit>
    readonly _E: Covariant<E>
    readonly _R: Covariant<R>
    readonly _Initial: Covariant<Initial>
  }
  readonly name: string
  /** The schema of the states. */
  readonly schema: Schema.Codec<State, any>
  readonly initial: Tag<Initial>
  readonly exits: ReadonlyArray<Tag<Exit>>
  /** The edges of each state that is not an exit, in the order of the definition. */
  readonly edges: ReadonlyMap<Tag<State>, ReadonlyArray<Tag<State>>>
}

/**
 * @since 0.1.0
 */
export declare namespace Workflow {
  /**
   * A workflow of any type.
   *
   * @category models
   * @since 0.1.0
   */
  export type Any = Workflow<any, any, any, any, any>

  /**
   * The states of a workflow.
   *
   * @category models
   * @since 0.1.0
   */
  export type State<W> = W extends Workflow<infer State, any, any, any, any> ? State : never

  /**
   * The states in which a workflow ends.
   *
   * @category models
   * @since 0.1.0
   */
  export type Exit<W> = W extends Workflow<any, infer Exit, any, any, any> ? Exit : never

  /**
   * The errors that leave a workflow.
   *
   * @category models
   * @since 0.1.0
   */
  export type Error<W> = W extends Workflow<any, any, infer E, any, any> ? E : never

  /**
   * The services that a workflow needs.
   *
   * @category models
   * @since 0.1.0
   */
  export type Services<W> = W extends Workflow<any, any, any, infer R, any> ? R : never

  /**
   * The argument list that starts a run: the state is optional where the initial state has no payload.
   *
   * @category models
   * @since 0.1.0
   */
  export type Start<State, Initial> = [Tag<Initial>] extends [never]
    ? [state?: NoInfer<State> | undefined]
    : [Exclude<Tag<Initial>, BareTag<WithTag<State, Tag<Initial>>>>] extends [never]
      ? [state?: NoInfer<State> | undefined]
      : [state: NoInfer<State>]
}

/**
 * A run has made as many transitions as {@link withMaxTransitions} allows, and is not at an exit.
 *
 * @category errors
 * @since 0.1.0
 */
export class MaxTransitionsExceeded extends Data.TaggedError("MaxTransitionsExceeded")<{
  readonly workflow: string
  /** The state that would have run next. */
  readonly state: string
  readonly maxTransitions: number
}> {
  override get message(): string {
    return `Workflow "${this.workflow}" made ${this.maxTransitions} transitions without reaching an exit; it is in state "${this.state}"`
  }
}

/**
 * A value that got past the types: a task returned a state that is not among its edges, a run was started in a state
 * that the machine does not have, or a run was started without a state although the initial state has a payload. The
 * error is a defect: the program is wrong, not the run.
 *
 * @category errors
 * @since 0.1.0
 */
export class UndeclaredState extends Data.TaggedError("UndeclaredState")<{
  readonly workflow: string
  /** The state whose task, or error edge, gave the value; none for the start of a run. */
  readonly from: string | undefined
  /** The tag of the value, if one of the machine's states has that tag. */
  readonly to: string | undefined
  /** The kind of the value, such as `"a promise"`. */
  readonly kind: string
}> {
  override get message(): string {
    const { from, to, workflow } = this
    if (from !== undefined) {
      const what = to === undefined ? `${this.kind}, which is not one of its states` : `"${to}"`
      return `Workflow "${workflow}": state "${from}" returned ${what}${to === undefined ? "" : `, which its "to" does not list`}`
    }
    return to === undefined
      ? `Workflow "${workflow}" was started in ${this.kind}, which is not one of its states`
      : `Workflow "${workflow}" starts in "${to}", which carries a payload: give the run its state`
  }
}

/**
 * The place where a run failed. It is attached to the cause, beside the error and not around it. {@link failedAt} reads
 * it.
 *
 * @category models
 * @since 0.1.0
 */
export class FailedAt extends Context.Service<
  FailedAt,
  {
    readonly workflow: string
    readonly state: string
    /** The transitions before the failure. */
    readonly transitions: number
    /** The attempt that failed, from 1. */
    readonly attempt: number
  }
>()("effect-cano/Workflow/FailedAt") {}

/**
 * Checks whether a value is a workflow.
 *
 * @category guards
 * @since 0.1.0
 */
export const isWorkflow = (u: unknown): u is Workflow.Any => hasProperty(u, TypeId)

/**
 * Makes a workflow.
 *
 * **Details**
 *
 * - `name`: shown in spans, logs and errors. A name and a state's tag have 1 to 256 characters.
 * - `schema`: the states, as string literals (`Schema.Literals`), as tagged records with payloads
 *   (`Schema.TaggedUnion`), or both (`Schema.Union`).
 * - `initial`: the tag of the state in which a run starts.
 * - `exits`: the tags of the states in which a run ends.
 * - `states`: a definition for each state that is not an exit:
 *   - `to`: the edges, as tags;
 *   - `run`: a task or node, a bare Effect, a function of the state that returns an Effect, a generator function of the
 *     state, or a pure function of the state, which costs no work of the fiber;
 *   - `catch`: an error edge for each typed failure, by the `_tag` of the failure, and by `"*"` for all others. It leads to
 *     a tag, to a state with a payload, `{ to, with: (error, state) => payload }`, or to the state that a function returns,
 *     `(error, state) => next state`.
 *   - `compensate`: undoes the state, `(entered, next) => Effect`; see below.
 * - `catch`: error edges for the failures that the states leave. A state that leaves one lists the target in its `to`.
 * - `compensateOn`: the exits at which a run is compensated too.
 *
 * A run that fails, dies, is interrupted, or reaches an exit in `compensateOn` is compensated: the compensations of the states
 * that it has entered run in reverse order, each without an interruption, once for each visit. `entered` is the state as it
 * was entered. `next` is the state to which the run left it, or `None` for the state in flight. That state's effect may have
 * happened or not, so a compensation must tolerate that there is nothing to undo. A compensation that fails does not stop
 * the others. Its failure stands in the cause after that of the run, and after an interruption as a defect. For a retry, use `Effect.retry` in the compensation.
 *
 * **Gotchas**
 *
 * A nested workflow compensates itself if it does not succeed. If it has succeeded and the parent fails later, the state of
 * the parent compensates it.
 *
 * Define the schema before the workflow, as a constant. TypeScript reads a schema inside the call too late to keep the
 * literals of bare Effects under `run`.
 *
 * TypeScript infers the error of a `catch` function if `run` is a task, a node, an Effect that has a name, or a
 * function without a parameter. With any other `run`, annotate the error: `(error: Declined) => ...`. The compiler asks
 * for it. The `catch` of the workflow comes after `states`, for the same reason. Annotate the error of `"*"` with the
 * failures that the other keys leave.
 *
 * Throws a `ConfigurationError` for mistakes that types cannot express: an empty or over-long name, no exit or one exit
 * twice, a state that cannot be reached or cannot reach an exit.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 * import * as Data from "effect/Data"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * class Declined extends Data.TaggedError("Declined")<{ readonly reason: string }> {}
 * declare const charge: (cents: number) => Effect.Effect<void, Declined>
 *
 * const Payment = Schema.TaggedUnion({
 *   Charge: { cents: Schema.Number },
 *   Paid: { cents: Schema.Number },
 *   Refused: { reason: Schema.String }
 * })
 *
 * const payment = Workflow.make("payment", Payment, {
 *   initial: "Charge",
 *   exits: ["Paid", "Refused"],
 *   states: {
 *     Charge: {
 *       to: ["Paid", "Refused"],
 *       run: function* ({ cents }) {
 *         yield* charge(cents)
 *         return { _tag: "Paid", cents }
 *       },
 *       catch: { Declined: { to: "Refused", with: (error: Declined) => ({ reason: error.reason }) } }
 *     }
 *   }
 * })
 *
 * const program = Workflow.run(payment, { _tag: "Charge", cents: 499 })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <
  State extends AnyState,
  const Initial extends string,
  const Exits extends string,
  const States extends Definition<State>,
  Runs,
  const Default extends object = {},
  Caught = {}
>(
  name: string,
  schema: Schema.Codec<State, any> & SchemaWiring<State>,
  options: {
    readonly initial: (Initial | NoInfer<Tag<State>>) & InitialWiring<State, Initial>
    readonly exits: ReadonlyArray<Exits | Tag<NoInfer<State>>> & ExitsWiring<State, Exits>
    readonly states: States & Wiring<State, Exits, States, Default> & Catches<State, Runs, States>
    readonly catch?: Default & DefaultWiring<State, Exits, States, Default> & DefaultCatch<State, Exits, Runs, Caught>
    readonly compensateOn?: ReadonlyArray<NoInfer<Exits>> | undefined
  }
): Workflow<State, WithTag<State, Exits>, Uncaught<States, Default>, Needs<States>, WithTag<State, Initial>> => {
  const subject = subjectOf("Workflow", name)
  const named = nameProblems("the name", name)
  const shaped = [...isSchema("the schema", schema), ...optionsProblems("options", options, makeChecks)]
  if (shaped.length > 0) refuse(subject, [...named, ...shaped])
  const states = new Map(Object.entries(options.states as Record<string, StateDefinition>))
  const exits: ReadonlyArray<string> = [...options.exits]
  const { initial }: { readonly initial: string } = options
  const routes = options.catch as Routes | undefined
  const compensateOn: ReadonlyArray<string> = options.compensateOn ?? []
  refuse(subject, [...named, ...problems({ initial, exits, states, catch: routes, compensateOn })])
  const isState = Schema.is(schema)
  const stateOf = (tag: string): AnyState | undefined => [tag, { _tag: tag }].find(isState)
  const entries = entriesOf(states, exits, routes ?? {}, stateOf)
  return fromMachine({
    name,
    schema,
    initial,
    exits,
    entries,
    start: stateOf(initial),
    recovers: recovers(entries),
    compensates: compensates(entries),
    compensateOn: new Set(compensateOn),
    maxTransitions: Infinity,
    span: { name: `run ${name}`, attributes: {} },
    faults
  })
}

/**
 * Runs a workflow from its initial state, or from a given one, to an exit, and gives the exit with its payload.
 *
 * **Details**
 *
 * The given state may be any state of the machine. A run that starts in an exit gives that exit at once. The state is
 * required where the initial state carries a payload.
 *
 * The same workflow can be run any number of times, also at the same time: a run keeps nothing in the workflow.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete" | "Failed", "Complete" | "Failed">
 *
 * const program = Effect.gen(function* () {
 *   const exit = yield* Workflow.run(order) // "Complete" | "Failed"
 *   const resumed = yield* Workflow.run(order, "Process")
 *   return [exit, resumed]
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <State, Exit, E, R, Initial>(
  self: Workflow<State, Exit, E, R, Initial>,
  ...[state]: Workflow.Start<State, Initial>
): Effect.Effect<Exit, E, R> => start(self, state === undefined ? machineOf(self).start : (state as AnyState), watchOf)

/**
 * Runs one state, with its retries and error edges, and gives the next state. For an exit, gives that exit.
 *
 * @category running
 * @since 0.1.0
 */
export const step = <State, Exit, E, R, Initial>(
  self: Workflow<State, Exit, E, R, Initial>,
  state: NoInfer<State>
): Effect.Effect<State, E, R> => runStep(self, state as AnyState, stepWatchOf)

/**
 * Encodes a state as JSON, to store it in a file, a column or a message. {@link decodeState} is the inverse.
 *
 * **Details**
 *
 * The form is the canonical JSON of the workflow's schema: a `Date` becomes a string, and so does a `bigint`. The effect
 * fails with a `SchemaError` if the value does not fit the schema.
 *
 * @category coding
 * @since 0.1.0
 */
export const encodeState: {
  <State>(
    state: State
  ): <Exit, E, R, Initial>(self: Workflow<State, Exit, E, R, Initial>) => Effect.Effect<Schema.Json, Schema.SchemaError>
  <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>,
    state: NoInfer<State>
  ): Effect.Effect<Schema.Json, Schema.SchemaError>
} = dual(2, (self: Workflow.Any, state: unknown) => codecOf(self).encode(state))

/**
 * Decodes a state from {@link encodeState} or from outside, so that a run can go on from that state.
 *
 * **Details**
 *
 * The effect fails with a `SchemaError` if the value is not a state of the workflow.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete">
 * declare const load: Effect.Effect<string>
 * declare const save: (json: string) => Effect.Effect<void>
 *
 * // today: one state, and put the next one aside
 * const today = Workflow.step(order, "Start").pipe(
 *   Effect.flatMap((next) => Workflow.encodeState(order, next)),
 *   Effect.flatMap((json) => save(JSON.stringify(json)))
 * )
 *
 * // tomorrow: go on from there
 * const tomorrow = load.pipe(
 *   Effect.flatMap((json) => Workflow.decodeState(order, JSON.parse(json))),
 *   Effect.flatMap((state) => Workflow.run(order, state))
 * )
 * ```
 *
 * @category coding
 * @since 0.1.0
 */
export const decodeState: {
  (
    json: unknown
  ): <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>
  ) => Effect.Effect<State, Schema.SchemaError>
  <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>,
    json: unknown
  ): Effect.Effect<State, Schema.SchemaError>
} = dual(2, (self: Workflow.Any, json: unknown) => codecOf(self).decode(json))

/**
 * Nests a workflow: makes it a task of another one.
 *
 * **Details**
 *
 * - `mapExit`: turns the exit of the child, and the present state of the parent, into the next state of the parent.
 * - `start`: gives the state in which the child starts. It is required where the child's initial state carries a
 *   payload.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 *
 * declare const payment: Workflow.Workflow<"Charge" | "Paid" | "Declined", "Paid" | "Declined">
 *
 * // a task for a state of another workflow
 * const pay = Workflow.asTask(payment, (exit) => (exit === "Paid" ? "Ship" : "Failed"))
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const asTask = <
  TagName extends string,
  Next extends TagName | { readonly _tag: TagName },
  ChildState,
  Exit,
  E,
  R,
  Initial,
  Result extends Next,
  State = unknown
>(
  child: Workflow<ChildState, Exit, E, R, Initial>,
  mapExit: (exit: Exit, state: State) => Result,
  ...[start]: [] extends Workflow.Start<ChildState, Initial>
    ? [start?: ((state: State) => ChildState) | undefined]
    : [start: (state: State) => ChildState]
): Task.Task<State, [Result] extends [Output<any>] ? Result : Next | Result, E, R> => {
  refuse("Workflow.asTask", [
    ...isWorkflowValue("what it was given", child),
    ...isFunction("mapExit", mapExit),
    ...optional(isFunction)("start", start)
  ])
  const runUntyped = run as (self: Workflow.Any, state?: unknown) => Effect.Effect<any, any, any>
  const nesting = { workflow: child, start, mapExit }
  const handler = (state: any) =>
    nested(
      nesting,
      state,
      Effect.suspend(() => Effect.map(runUntyped(child, start?.(state)), (exit) => mapExit(exit as Exit, state)))
    )
  return Task.make({
    name: child.name,
    run: composite(handler, { child: nesting }) as () => any
  }) as any
}

/**
 * Bounds the transitions of a run, to guard against a loop that should end. A run that is not at an exit after
 * `maxTransitions`, a whole number from 1, fails with {@link MaxTransitionsExceeded}. By default there is no bound.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withMaxTransitions: {
  (
    maxTransitions: number
  ): <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>
  ) => Workflow<State, Exit, E | MaxTransitionsExceeded, R, Initial>
  <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>,
    maxTransitions: number
  ): Workflow<State, Exit, E | MaxTransitionsExceeded, R, Initial>
} = dual(2, (self: Workflow.Any, maxTransitions: number): Workflow.Any => {
  refuse(`Workflow "${self.name}"`, countProblems("maxTransitions", maxTransitions, 1))
  return fromMachine({ ...machineOf(self), maxTransitions })
})

/**
 * Names the span of each run, in place of `run <workflow>`, and gives the span attributes: Cano's `with_tracing_span`.
 * Without a tracer in the context this changes nothing.
 *
 * @category tracing
 * @since 0.1.0
 */
export const withSpan: {
  (
    name: string,
    options?: { readonly attributes?: Record<string, unknown> | undefined }
  ): <State, Exit, E, R, Initial>(self: Workflow<State, Exit, E, R, Initial>) => Workflow<State, Exit, E, R, Initial>
  <State, Exit, E, R, Initial>(
    self: Workflow<State, Exit, E, R, Initial>,
    name: string,
    options?: { readonly attributes?: Record<string, unknown> | undefined }
  ): Workflow<State, Exit, E, R, Initial>
} = dual(
  (args) => isWorkflow(args[0]),
  (
    self: Workflow.Any,
    name: string,
    options?: { readonly attributes?: Record<string, unknown> | undefined }
  ): Workflow.Any => {
    refuse(subjectOf("Workflow", self.name), isSpan("the span", { ...options, name }))
    return fromMachine({ ...machineOf(self), span: { name, attributes: options?.attributes ?? {} } })
  }
)

/**
 * Draws a workflow as a Mermaid flowchart.
 *
 * **Details**
 *
 * A state shows its retry policy and its timeout. Exits are rounded boxes. An error edge is dotted and shows the tag of
 * the error. An error edge that is a function has no fixed target, so its error is named in the state's box.
 *
 * **Gotchas**
 *
 * Mermaid draws 500 edges and refuses more, unless `mermaid.initialize({ maxEdges })` allows them. The drawing of a larger
 * machine says so in its first line.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toMermaid = (self: Workflow.Any): string => Mermaid.draw(machineOf(self))

/**
 * Gives the place where a run failed, if the cause comes from a run. For nested workflows this is the innermost place. If
 * compensations failed after the run, this is the place of the run's own failure.
 *
 * **Details**
 *
 * A printed cause names the place below the error's stack, as `at state Charge (workflow order, attempt 1)`. The places
 * of the outer runs follow.
 *
 * @example
 * ```ts
 * import { Workflow } from "effect-cano"
 * import * as Effect from "effect/Effect"
 *
 * declare const order: Workflow.Workflow<"Start" | "Process" | "Complete", "Complete", Error>
 *
 * const program = Effect.tapCause(Workflow.run(order), (cause) => Effect.log(Workflow.failedAt(cause)))
 * // Some({ workflow: "order", state: "Process", transitions: 2, attempt: 4 })
 * ```
 *
 * @category destructors
 * @since 0.1.0
 */
export const failedAt = <E>(cause: Cause.Cause<E>): Option.Option<FailedAt["Service"]> =>
  Option.firstSomeOf(cause.reasons.map((reason) => Context.getOption(Cause.reasonAnnotations(reason), FailedAt)))

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const isWorkflowValue = expected("a workflow", isWorkflow)

const isSchema = expected("a Schema", Schema.isSchema)

const areTags = expected(
  "a list of tags",
  (tags) => Array.isArray(tags) && tags.every((tag) => typeof tag === "string")
)

const makeChecks: Checks<{
  initial: string
  exits: ReadonlyArray<string>
  states: object
  catch?: object
  compensateOn?: ReadonlyArray<string>
}> = {
  initial: expected("the tag of a state", (tag) => typeof tag === "string"),
  exits: areTags,
  states: expected("a record of states", (states) => typeof states === "object" && states !== null),
  catch: optional(isObject),
  compensateOn: optional(areTags)
}

class WorkflowImpl {
  readonly [TypeId] = {}
  readonly name: string
  readonly schema: Schema.Codec<any, any, any, any>
  readonly initial: string
  readonly exits: ReadonlyArray<string>
  readonly edges: ReadonlyMap<string, ReadonlyArray<string>>

  constructor(machine: Machine) {
    const states = Array.from(machine.entries.values()).filter((entry) => !entry.isExit)
    this.name = machine.name
    this.schema = machine.schema
    this.initial = machine.initial
    this.exits = machine.exits
    this.edges = new Map(states.map(({ edges, tag }) => [tag, Array.from(edges.keys())]))
    hideIn(this, machine)
  }

  toJSON() {
    const { exits, initial, name } = this
    return { _id: "Workflow", name, initial, exits, edges: Object.fromEntries(this.edges) }
  }

  [NodeInspectSymbol]() {
    return this.toJSON()
  }

  [StartKey](): Effect.Effect<any, any, any> {
    return run(this as unknown as Workflow.Any)
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

const fromMachine = (machine: Machine): any => new WorkflowImpl(machine)

interface Coding {
  readonly encode: (state: unknown) => Effect.Effect<any, Schema.SchemaError>
  readonly decode: (json: unknown) => Effect.Effect<any, Schema.SchemaError>
}

const codecs = new WeakMap<object, Coding>()

/** Compiling a codec costs far more than using it. */
const codecOf = ({ schema }: Workflow.Any): Coding => {
  let coding = codecs.get(schema)
  if (coding === undefined) {
    const codec = Schema.toCodecJson(schema) as unknown as Schema.Codec<any, any>
    coding = { encode: Schema.encodeEffect(codec), decode: Schema.decodeUnknownEffect(codec) }
    codecs.set(schema, coding)
  }
  return coding
}

const faults: Faults = {
  undeclared: (machine, from, next) => {
    const isStart = from === undefined && next === undefined
    const to = isStart ? machine.initial : knownTag(machine, next)
    return new UndeclaredState({ workflow: machine.name, from, to, kind: kindOf(next) })
  },
  overrun: ({ maxTransitions, name }, state) => new MaxTransitionsExceeded({ workflow: name, state, maxTransitions }),
  located: ({ name }, cause, { attempt, tag, transitions }: Location) => {
    const place = Context.make(FailedAt, { workflow: name, state: tag, transitions, attempt })
    const frame = { name: `state ${tag}`, stack: () => `workflow ${name}, attempt ${attempt}`, parent: undefined }
    return Cause.fromReasons(
      cause.reasons.map((reason) => {
        const placed = reason.annotate(place)
        return Cause.isInterruptReason(placed) ? placed : withFrame(placed, frame)
      })
    )
  }
}

/** Adds a frame to the stack of a printed failure, so that `Effect.log` and a main program show where a run failed. */
const withFrame = <E>(reason: Cause.Reason<E>, frame: StackFrame): Cause.Reason<E> => {
  const inner = Context.getOption(Cause.reasonAnnotations(reason), Cause.StackTrace)
  const stack = Option.isSome(inner) ? under(inner.value, frame) : frame
  return reason.annotate(Context.make(Cause.StackTrace, stack), { overwrite: true })
}

const under = (inner: StackFrame, outer: StackFrame): StackFrame => ({
  name: inner.name,
  stack: inner.stack,
  parent: inner.parent === undefined ? outer : under(inner.parent, outer)
})

/** Names the kind of a value, and never the value itself, which may be a secret. */
const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (isPromise(value)) return "a promise (return an Effect, as Effect.promise makes)"
  return typeof value === "object" ? (hasProperty(value, "_tag") ? "a record" : "an object") : `a ${typeof value}`
}
