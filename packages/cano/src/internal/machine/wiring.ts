import type { Effect } from "effect/Effect"
import type { Option } from "effect/Option"
import type { Task } from "../../Task.ts"
import type { Failure, OutputOf, Services, Value } from "../inference.ts"
import type {
  AnyState,
  At,
  BareTag,
  Fits,
  IsNever,
  Like,
  PayloadLike,
  ReturnLike,
  Tag,
  WithTag,
  Wrong
} from "./state.ts"

/*
 * The typing of `Workflow.make`.
 *
 * TypeScript checks `states` against three types at once, each with its own duty:
 *
 * - `Definition` constrains the type parameter. It types the state that an inline function gets, and keeps the literals
 *   that a function returns.
 * - `Catches` infers every `run` a second time, state by state, so that the functions under `catch` get their error typed.
 * - `Wiring` asks for nothing where the wiring is right, and for a sentence where it is wrong. The compiler prints that
 *   sentence on the very property.
 *
 * Three rules keep checking time close to linear in the states:
 *
 * - What is expected of a function is one record that looks like all states (`Like`), not their union.
 * - A state is looked up by its tag (`At`), in a table that is built once for a machine. It is not searched in the union.
 * - `States` is its own constraint, and has the key `unsettled`, as long as TypeScript types the functions in `states`. Only
 *   then is there a `Catches`, and only afterwards a `Wiring`. Otherwise TypeScript would look at all states for each.
 *
 * A workflow that is wrong still has a type, so that one mistake is one error: what the compiler has refused has neither
 * failures nor services.
 */

/** What may stand under `run`. Anything may, since {@link Wiring} says better what is wrong; the last three say what should. */
type Run<S, In> =
  | {}
  | null
  | undefined
  | Task<In, Like<S>, any, any>
  | Effect<Like<S>, never, never>
  | ((state: In) => ReturnLike<S> | Effect<Like<S>, never, never> | Generator<any, Like<S>, any>)

/** One state's definition. */
interface State<S, In> {
  readonly to: ReadonlyArray<Tag<S>>
  readonly run: Run<S, In>
  readonly catch?: object
  readonly compensate?: Compensation<S, In>
}

/** What may stand under `compensate`. Anything may, since {@link Wiring} says better what is wrong. */
type Compensation<S, In> = {} | null | undefined | ((entered: In, next: Option<S>) => unknown)

/** The states of a machine over `S`. Which of them must be there is the business of {@link Wiring}. */
export type Definition<S> = { readonly [T in Tag<S>]?: State<S, At<S, T>> } & Unsettled

/** Marks the constraint: what a user writes does not have this key. */
interface Unsettled {
  readonly [unsettled]?: never
}

declare const unsettled: unique symbol

/** Types the functions under `catch` by the failures of the `run` beside them. */
export type Catches<S, Runs, States> = {
  readonly [T in keyof Runs]: typeof unsettled extends keyof States
    ? {
        readonly run: Runs[T] | Task<At<S, T>, Like<S>, any, any> | Effect<Like<S>, never, never>
        readonly catch?: unknown extends Runs[T] ? AnyRoutes<S, At<S, T>> : Routes<S, At<S, T>, FailureOf<Runs[T]>>
      }
    : {}
}

/** As {@link Catches}, for the `catch` of the workflow: the failures of all states. {@link DefaultWiring} says what is wrong. */
export type DefaultCatch<S, Exits, Runs, Caught> = {
  readonly [K in keyof Caught]:
    | {}
    | null
    | undefined
    | Route<S, Running<S, Exits>, CaughtHint<{ [T in keyof Runs]: FailureOf<Runs[T]> }[keyof Runs], K>>
}

/** The states that can fail. */
type Running<S, Exits> = Exclude<S, Exits | { readonly _tag: Exits }>

type CaughtHint<E, K> = unknown extends E ? any : K extends "*" ? E : WithTag<E, K>

type Routes<S, In, E> = { readonly [K in FailureTag<E>]?: Route<S, In, WithTag<E, K>> } & {
  readonly "*"?: Route<S, In, E>
}

/** As long as nothing is known of a `run`. */
type AnyRoutes<S, In> = { readonly [tag: string]: Route<S, In, any> }

/** Methods, whose parameters may be narrower: the error that `"*"` catches is only known in full to {@link Wiring}. */
type Route<S, In, E> =
  | Tag<S>
  | (string & {})
  | { next(error: E, state: In): Like<S> }["next"]
  | {
      readonly to: Tag<S> | (string & {})
      readonly with: { next(error: E, state: In): PayloadLike<Exclude<S, string>> }["next"]
    }

/** `unknown` where the wiring is right, a sentence on the property where it is wrong. */
export type Wiring<S, Exits, States, Default> =
  IsNever<SchemaFault<S>> extends true
    ? typeof unsettled extends keyof States
      ? unknown
      : {
          readonly [T in keyof States]: T extends KnownExits<Exits>
            ? `"${T & string}" is an exit: it must not have a definition`
            : T extends Tag<S>
              ? StateWiring<S, At<S, T>, T & string, States[T], Default>
              : `"${T & string}" is not a state of the schema`
        } & RequiredStates<S, Exits>
    : AnyState extends S
      ? Wrong<SchemaFault<S>> // a schema of type any
      : unknown

/** Without a list of exits the compiler says so itself; nothing else is then wrong. */
type RequiredStates<S, Exits> = string extends Exits ? unknown : { readonly [T in Exclude<Tag<S>, Exits>]: unknown }

type KnownExits<Exits> = string extends Exits ? never : Exits

/** As {@link Wiring}, for the schema. */
export type SchemaWiring<S> = IsNever<SchemaFault<S>> extends true ? unknown : Wrong<SchemaFault<S>>

type SchemaFault<S> =
  string extends Tag<S> ? "the schema lists no states: each is a string literal, or a record whose _tag is one" : never

/** As {@link Wiring}, for the initial state. */
export type InitialWiring<S, Initial> =
  IsNever<SchemaFault<S>> extends true
    ? string extends Initial
      ? unknown
      : Initial extends Tag<S>
        ? unknown
        : NoInfer<Tag<S>>
    : unknown

/** As {@link Wiring}, for the list of exits. */
export type ExitsWiring<S, Exits extends string> =
  IsNever<SchemaFault<S>> extends true
    ? IsNever<Exclude<KnownExits<Exits>, Tag<S>>> extends true
      ? unknown
      : `"${Exclude<Exits, Tag<S>>}" is not a state of the schema`
    : unknown

type StateWiring<S, In, T extends string, D, Default> = D extends {
  readonly to: ReadonlyArray<infer To>
  readonly run: infer R
}
  ? RunWiring<S, In, T, To, R> &
      (D extends { readonly catch?: infer C }
        ? unknown extends C
          ? unknown
          : CatchWiring<S, In, T, To, FailureOf<R>, Exclude<C, undefined>>
        : unknown) &
      (D extends { readonly compensate?: infer C }
        ? unknown extends C
          ? unknown
          : CompensationWiring<S, In, T, Exclude<C, undefined>>
        : unknown) &
      DefaultEdges<S, T, To, UncaughtAt<D>, Default> &
      KeyWiring<T, Exclude<keyof D, keyof State<S, In>>>
  : unknown

/** A key that a state does not have is most often an option of its task. */
type KeyWiring<T extends string, Extra> =
  IsNever<Extra> extends true
    ? unknown
    : {
        readonly [
          K in Extra & string
        ]: Wrong<`state "${T}" has no "${K}": a state has "to", "run", "catch" and "compensate"; "name", "retry" and "attemptTimeout" belong to Task.make`>
      }

type CompensationWiring<S, In, T extends string, C> =
  IsNever<CompensationFault<S, In, T, C>> extends true
    ? unknown
    : { readonly compensate: Wrong<CompensationFault<S, In, T, C>> }

/** What is wrong with a compensation; `never` if nothing is. */
type CompensationFault<S, In, T extends string, C> = C extends (...args: any) => infer Given
  ? C extends (entered: In, next: Option<S>) => any
    ? Given extends PromiseLike<any>
      ? `the compensation of state "${T}" returns a promise: return an Effect, as Effect.promise makes`
      : never
    : `state "${T}" has a compensation that takes another state`
  : `state "${T}" has a "compensate" that is no function: give it (entered, next) => Effect`

type RunWiring<S, In, T extends string, To, R> =
  IsNever<RunFault<S, In, T, R>> extends true
    ? IsNever<Exclude<Tag<NextOf<R>>, To>> extends true
      ? unknown
      : { readonly to: `state "${T}" can go to "${Exclude<Tag<NextOf<R>>, To>}", which its "to" does not list` }
    : 0 extends 1 & R
      ? { readonly to: AnythingFault<`state "${T}"`> } // `any` under "run" would pass as its own fault
      : { readonly run: Wrong<RunFault<S, In, T, R>> }

type AnythingFault<Who extends string> = `${Who} can return anything: give it a type`

/** What is wrong with a `run`; `never` if nothing is. */
type RunFault<S, In, T extends string, R> =
  R extends Task<infer Needed, any, any, any>
    ? Fits<In, Needed> extends true
      ? NextFault<S, `state "${T}"`, NextOf<R>>
      : `state "${T}" has a task that takes another state`
    : R extends Effect<any, any, any>
      ? NextFault<S, `state "${T}"`, NextOf<R>>
      : R extends (...args: any) => any
        ? R extends (state: In) => any
          ? NextFault<S, `state "${T}"`, NextOf<R>>
          : `state "${T}" has a function that takes another state`
        : R extends PromiseLike<any>
          ? NextFault<S, `state "${T}"`, R>
          : `state "${T}" has a "run" that is no work: give it a task, an Effect or a function`

/** What is wrong with the next state that work gives; `never` if nothing is. */
type NextFault<S, Who extends string, Next> = unknown extends Next
  ? AnythingFault<Who>
  : IsNever<Misfit<S, Next>> extends true
    ? never
    : MisfitFault<S, Who, Misfit<S, Next>>

/** The values that are no states. */
type Misfit<S, Next> = Next extends AnyState ? (Next extends At<S, Tag<Next>> ? never : Next) : Next

type MisfitFault<S, Who extends string, Given> = string extends Given
  ? IsNever<Extract<S, string>> extends true
    ? `${Who} returns a string, and the states are records: return { _tag: ... }`
    : `${Who} returns string, not a state: write "as const" after the value, or return it from a generator function`
  : Fits<Given, PromiseLike<any>> extends true
    ? `${Who} returns a promise: return an Effect, as Effect.promise makes`
    : Fits<Given, void> extends true
      ? `${Who} returns nothing: return the next state`
      : IsNever<Tag<Given>> extends true
        ? `${Who} can return a value that is not a state of the schema`
        : string extends Tag<Given>
          ? `${Who} returns a record whose _tag is string, not a state: write "as const" after the value, or return it from a generator function`
          : Tag<Given> extends Tag<S>
            ? `${Who} can return a "${Tag<Given>}" whose "${WrongKeys<WithTag<S, Tag<Given>>, Given>}" does not fit the schema`
            : `${Who} can return "${Exclude<Tag<Given>, Tag<S>>}", which is not a state of the schema`

/** The fields that are missing or have another type. */
type WrongKeys<Expected, Actual> = {
  [K in keyof Expected & string]-?: K extends keyof Actual
    ? Actual[K] extends Expected[K]
      ? never
      : K
    : {} extends Pick<Expected, K>
      ? never
      : K
}[keyof Expected & string]

type CatchWiring<S, In, T extends string, To, E, C> = {
  [K in keyof C]-?: IsNever<CaughtBy<E, K, C>> extends true
    ? NothingCaught<`state "${T}"`, E, K & string>
    : IsNever<RouteFault<S, In, `state "${T}"`, CaughtBy<E, K, C>, K & string, C[K]>> extends true
      ? Undeclared<T, Exclude<TargetOf<C[K]>, To>, `catching "${K & string}"`>
      : RouteFault<S, In, `state "${T}"`, CaughtBy<E, K, C>, K & string, C[K]>
}[keyof C] extends infer Fault
  ? IsNever<Fault> extends true
    ? unknown
    : { readonly catch: Fault }
  : never

/** As {@link Wiring}, for the `catch` of the workflow. The states say which edges they lack for it. */
export type DefaultWiring<S, Exits, States, Default> = typeof unsettled extends keyof States
  ? unknown
  : IsNever<DefaultFaults<S, Running<S, Exits>, UncaughtStates<States>, Default>> extends true
    ? unknown
    : Wrong<DefaultFaults<S, Running<S, Exits>, UncaughtStates<States>, Default>>

type DefaultFaults<S, In, E, Default> = {
  [K in keyof Default]-?: DefaultFault<S, In, E, K, Default>
}[keyof Default]

type DefaultFault<S, In, E, K, Default> =
  IsNever<CaughtBy<E, K, Default>> extends true
    ? NothingCaught<"a state", E, K & string>
    : RouteFault<S, In, "the workflow", CaughtBy<E, K, Default>, K & string, Default[K & keyof Default]>

/** The edges that a state needs for the `catch` of the workflow. */
type DefaultEdges<S, T extends string, To, E, Default> =
  IsNever<Exclude<DefaultTargets<S, E, Default>, To>> extends true
    ? unknown
    : { readonly to: Undeclared<T, Exclude<DefaultTargets<S, E, Default>, To>, `the "catch" of the workflow`> }

type DefaultTargets<S, E, Default> = {
  [K in keyof Default]-?: IsNever<CaughtBy<E, K, Default>> extends true ? never : Extract<TargetOf<Default[K]>, Tag<S>>
}[keyof Default]

/** The tags of failures. */
type FailureTag<E> = E extends { readonly _tag: infer T extends string } ? T : never

/** The failures that one key of a `catch` routes. */
type CaughtBy<E, K, C> = K extends "*"
  ? Exclude<E, { readonly _tag: Exclude<keyof C, "*"> }>
  : K extends FailureTag<E>
    ? WithTag<E, K>
    : never

/** The failures that a `catch` leaves. */
type LeftBy<E, C> = "*" extends keyof C ? never : Exclude<E, { readonly _tag: keyof C & string }>

type NothingCaught<Who extends string, E, K extends string> = K extends "*"
  ? `${Who} cannot fail with anything else: "*" catches nothing`
  : IsNever<Exclude<E, { readonly _tag: string }>> extends true
    ? `${Who} cannot fail with "${K}"`
    : `${Who} cannot fail with "${K}", and fails with values without a _tag, which only "*" catches`

/** What is wrong with the route of a failure, wherever it leads; `never` if nothing is. */
type RouteFault<S, In, Who extends string, E, K extends string, R> = undefined extends R
  ? `the route of "${K}" may be undefined`
  : R extends (...args: infer Args) => unknown
    ? ParameterFault<Who, In, E, K, Args> | NextFault<S, `${Who}, catching "${K}",`, OutputOf<R>>
    : R extends { readonly to: infer To; readonly with: (...args: infer Args) => infer With }
      ? ParameterFault<Who, In, E, K, Args> | PayloadFault<S, Who, K, To & string, With>
      : R extends Tag<S>
        ? R extends BareTag<S>
          ? never
          : `"${R}" carries a payload: catch "${K}" with { to: "${R}", with: (error, state) => payload }`
        : R extends string
          ? `"${R}" is not a state of the schema`
          : `${Who} catches "${K}" with what is neither a state nor a function nor { to, with }`

type PayloadFault<S, Who extends string, K extends string, To extends string, With> =
  To extends Tag<S>
    ? At<S, To> extends object
      ? IsNever<WrongKeys<Omit<At<S, To>, "_tag">, With>> extends true
        ? never
        : `${Who}, catching "${K}", can go to "${To}" with a "${WrongKeys<Omit<At<S, To>, "_tag">, With>}" that does not fit the schema`
      : `"${To}" carries no payload: catch "${K}" with "${To}"`
    : `"${To}" is not a state of the schema`

/** The tags of the states to which a route can lead. */
type TargetOf<R> = R extends (...args: any) => unknown ? Tag<OutputOf<R>> : R extends { readonly to: infer To } ? To : R

/** Where TypeScript cannot infer the error of a `catch` function, it gives it the type `any`. */
type ParameterFault<Who extends string, In, E, K extends string, Args> = Args extends readonly [
  infer Parameter,
  ...infer Rest
]
  ? 0 extends 1 & Parameter
    ? `annotate the error that catches "${K}"${K extends "*" ? "" : `, as in (error: ${K}) => next state`}: its type cannot be inferred ${Who extends "the workflow" ? "here" : `beside this "run"`}`
    : Fits<E, Parameter> extends true
      ? Rest extends readonly [infer Taken, ...infer _]
        ? Fits<In, Taken> extends true
          ? never
          : `the function that catches "${K}" takes another state`
        : never
      : `the function that catches "${K}" takes another error`
  : never

type Undeclared<T extends string, Target, By extends string> =
  IsNever<Target> extends true
    ? never
    : `state "${T}" can go to "${Target & string}" by ${By}, which its "to" does not list`

type NextOf<R> = R extends Task<any, infer Next, any, any> ? Next : Value<OutputOf<R>>

type FailureOf<R> = R extends Task<any, any, infer E, any> ? E : Failure<OutputOf<R>>

type ServicesOf<R> = R extends Task<any, any, any, infer R2> ? R2 : Services<OutputOf<R>>

/** The failures that no `catch` routes, and those of the compensations. */
export type Uncaught<States, Default> =
  | LeftBy<UncaughtStates<States>, Default>
  | (typeof unsettled extends keyof States ? never : { [T in keyof States]: FailureOfUndo<States[T]> }[keyof States])

type FailureOfUndo<D> = D extends { readonly compensate: infer C } ? Failure<OutputOf<C>> : never

type ServicesOfUndo<D> = D extends { readonly compensate: infer C } ? Services<OutputOf<C>> : never

type UncaughtStates<States> = typeof unsettled extends keyof States
  ? never
  : { [T in keyof States]: UncaughtAt<States[T]> }[keyof States]

/** A `catch` speaks for its own state only. */
type UncaughtAt<D> = D extends { readonly run: infer R; readonly catch: infer C }
  ? LeftBy<FailureAt<R>, C>
  : D extends { readonly run: infer R }
    ? FailureAt<R>
    : never

/** Work of which nothing is known is refused. */
type FailureAt<R> = unknown extends NextOf<R> ? never : FailureOf<R>

/** The services of all states, and of their compensations. */
export type Needs<States> = typeof unsettled extends keyof States
  ? never
  : { [T in keyof States]: NeedsAt<States[T]> | ServicesOfUndo<States[T]> }[keyof States]

type NeedsAt<D> = D extends { readonly run: infer R } ? (unknown extends NextOf<R> ? never : ServicesOf<R>) : never
