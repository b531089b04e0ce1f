import type { Effect } from "effect/Effect"
import type { Task } from "../../Task.ts"
import type { Failure, OutputOf, Services, Value } from "../inference.ts"
import type { AnyState, At, BareTag, Fits, IsNever, Kept, Tag, WithTag, Wrong } from "./state.ts"

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
 * Two rules keep checking time close to linear in the states:
 *
 * - A state is looked up by its tag (`At`), in a table that is built once for a machine. It is not searched in the union.
 * - `{} extends States` is true as long as `States` is its constraint, while TypeScript types the functions in `states`.
 *   Only then is there a `Catches`, and only afterwards a `Wiring`. Otherwise TypeScript would look at all states for each.
 *
 * A workflow that is wrong still has a type, so that one mistake is one error: what the compiler has refused has neither
 * failures nor services.
 */

/** What may stand under `run`. Anything may, since {@link Wiring} says better what is wrong; the last three say what should. */
type Run<S, In> =
  | {}
  | null
  | undefined
  | Task<In, S, any, any>
  | Effect<S, never, never>
  | ((state: In) => Kept<S> | Effect<S, never, never> | Generator<any, S, any>)

/** One state's definition. */
interface State<S, In> {
  readonly to: ReadonlyArray<Tag<S>>
  readonly run: Run<S, In>
  readonly catch?: object
}

/** The states of a machine over `S`. Which of them must be there is the business of {@link Wiring}. */
export type Definition<S> = { readonly [T in Tag<S>]?: State<S, At<S, T>> }

/** Types the functions under `catch` by the failures of the `run` beside them. */
export type Catches<S, Runs, States> = {
  readonly [T in keyof Runs]: {} extends States
    ? {
        readonly run: Runs[T] | Task<At<S, T>, S, any, any> | Effect<S, never, never>
        readonly catch?: unknown extends Runs[T] ? CatchAny<S, At<S, T>> : Catch<S, At<S, T>, FailureOf<Runs[T]>>
      }
    : {}
}

type Catch<S, In, E> = { readonly [K in Tag<E>]?: Route<S, In, WithTag<E, K>> }

/** As long as nothing is known of a `run`. */
type CatchAny<S, In> = { readonly [tag: string]: Route<S, In, any> }

type Route<S, In, E> = Tag<S> | (string & {}) | ((error: E, state: In) => S)

/** `unknown` where the wiring is right, a sentence on the property where it is wrong. */
export type Wiring<S, Exits, States> =
  IsNever<SchemaFault<S>> extends true
    ? {} extends States
      ? IsNever<keyof States> extends true
        ? RequiredStates<S, Exits>
        : unknown
      : {
          readonly [T in keyof States]: T extends KnownExits<Exits>
            ? `"${T & string}" is an exit: it must not have a definition`
            : T extends Tag<S>
              ? StateWiring<S, At<S, T>, T & string, States[T]>
              : `"${T & string}" is not a state of the schema`
        } & RequiredStates<S, Exits>
    : unknown extends S
      ? Wrong<SchemaFault<S>> // a schema of type any
      : unknown

/** Without a list of exits the compiler says so itself; nothing else is then wrong. */
type RequiredStates<S, Exits> = string extends Exits ? unknown : { readonly [T in Exclude<Tag<S>, Exits>]: unknown }

type KnownExits<Exits> = string extends Exits ? never : Exits

/** As {@link Wiring}, for the schema. */
export type SchemaWiring<S> = IsNever<SchemaFault<S>> extends true ? unknown : Wrong<SchemaFault<S>>

type SchemaFault<S> = [S] extends [AnyState]
  ? string extends Tag<S>
    ? "the states have no tags that are known: list them, as Schema.Literals and Schema.TaggedUnion do"
    : never
  : "a state is a string literal or a record with a _tag: list them, as Schema.Literals and Schema.TaggedUnion do"

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

type StateWiring<S, In, T extends string, D> = D extends {
  readonly to: ReadonlyArray<infer To>
  readonly run: infer R
}
  ? RunWiring<S, In, T, To, R> &
      (D extends { readonly catch?: infer C }
        ? unknown extends C
          ? unknown
          : CatchWiring<S, T, To, FailureOf<R>, Exclude<C, undefined>>
        : unknown) &
      KeyWiring<T, Exclude<keyof D, keyof State<S, In>>>
  : unknown

/** A key that a state does not have is most often an option of its task. */
type KeyWiring<T extends string, Extra> =
  IsNever<Extra> extends true
    ? unknown
    : {
        readonly [
          K in Extra & string
        ]: Wrong<`state "${T}" has no "${K}": a state has "to", "run" and "catch"; "name", "retry" and "attemptTimeout" belong to Task.make`>
      }

type RunWiring<S, In, T extends string, To, R> =
  IsNever<RunFault<S, In, T, R>> extends true
    ? IsNever<Exclude<Tag<NextOf<R>>, To>> extends true
      ? unknown
      : { readonly to: `state "${T}" can go to "${Exclude<Tag<NextOf<R>>, To>}", which its "to" does not list` }
    : 0 extends 1 & R
      ? { readonly to: AnythingFault<T> } // `any` under "run" would pass as its own fault
      : { readonly run: Wrong<RunFault<S, In, T, R>> }

type AnythingFault<T extends string> = `state "${T}" can return anything: give its "run" a type`

/** What is wrong with a `run`; `never` if nothing is. */
type RunFault<S, In, T extends string, R> =
  R extends Task<infer Needed, any, any, any>
    ? Fits<In, Needed> extends true
      ? NextFault<S, T, NextOf<R>>
      : `state "${T}" has a task that takes another state`
    : R extends Effect<any, any, any>
      ? NextFault<S, T, NextOf<R>>
      : R extends (...args: any) => any
        ? R extends (state: In) => any
          ? NextFault<S, T, NextOf<R>>
          : `state "${T}" has a function that takes another state`
        : R extends PromiseLike<any>
          ? NextFault<S, T, R>
          : `state "${T}" has a "run" that is no work: give it a task, an Effect or a function`

/** What is wrong with the next state that work gives; `never` if nothing is. */
type NextFault<S, T extends string, Next> = unknown extends Next
  ? AnythingFault<T>
  : IsNever<Misfit<S, Next>> extends true
    ? never
    : MisfitFault<S, T, Misfit<S, Next>>

/** The values that are no states. */
type Misfit<S, Next> = Next extends AnyState ? (Next extends At<S, Tag<Next>> ? never : Next) : Next

type MisfitFault<S, T extends string, Given> = string extends Given
  ? IsNever<Extract<S, string>> extends true
    ? `state "${T}" returns a string, and the states are records: return { _tag: ... }`
    : `state "${T}" returns string, not a state: write "as const" after the value, or return it from a generator function`
  : Fits<Given, PromiseLike<any>> extends true
    ? `state "${T}" returns a promise: return an Effect, as Effect.promise makes`
    : Fits<Given, void> extends true
      ? `state "${T}" returns nothing: return the next state`
      : IsNever<Tag<Given>> extends true
        ? `state "${T}" can return a value that is not a state of the schema`
        : Tag<Given> extends Tag<S>
          ? `state "${T}" can return a "${Tag<Given>}" whose "${WrongKeys<WithTag<S, Tag<Given>>, Given>}" does not fit the schema`
          : `state "${T}" can return "${Exclude<Tag<Given>, Tag<S>>}", which is not a state of the schema`

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

type CatchWiring<S, T extends string, To, E, C> = {
  [K in keyof C]-?: K extends string
    ? undefined extends C[K]
      ? `the route of "${K}" may be undefined`
      : CatchFault<S, T, To, E, K, C[K]>
    : "a failure is caught by its _tag, a string"
}[keyof C] extends infer Fault
  ? IsNever<Fault> extends true
    ? unknown
    : { readonly catch: Fault }
  : never

/** What is wrong with the route of one failure; `never` if nothing is. */
type CatchFault<S, T extends string, To, E, K extends string, Route> =
  K extends Tag<Extract<E, object>>
    ? Route extends (...args: infer Args) => infer Next
      ? ErrorFault<WithTag<E, K>, K, Args> | CaughtFault<S, T, To, K, Next>
      : Route extends Tag<S>
        ? Route extends To
          ? Route extends BareTag<S>
            ? never
            : `"${Route}" carries a payload: catch "${K}" with a function (error, state) => next state`
          : Undeclared<T, Route, K>
        : `"${Route & string}" is not a state of the schema`
    : IsNever<Exclude<E, { readonly _tag: string }>> extends true
      ? `state "${T}" cannot fail with "${K}"`
      : `state "${T}" cannot fail with "${K}", and fails with values without a _tag, which "catch" cannot name`

/** Beside an inline function with a parameter TypeScript gives the error of a `catch` function the type `any`. */
type ErrorFault<E, K extends string, Args> = Args extends readonly [infer Parameter, ...infer _]
  ? 0 extends 1 & Parameter
    ? `annotate the error that catches "${K}", as in (error: ${K}) => next state: its type cannot be inferred beside this "run"`
    : Fits<E, Parameter> extends true
      ? never
      : `the function that catches "${K}" takes another error`
  : never

type CaughtFault<S, T extends string, To, K extends string, Next> =
  IsNever<NextFault<S, T, Next>> extends true ? Undeclared<T, Exclude<Tag<Next>, To>, K> : NextFault<S, T, Next>

type Undeclared<T extends string, Target extends string, K extends string> =
  IsNever<Target> extends true
    ? never
    : `state "${T}" can go to "${Target}" by catching "${K}", which its "to" does not list`

type NextOf<R> = R extends Task<any, infer Next, any, any> ? Next : Value<OutputOf<R>>

type FailureOf<R> = R extends Task<any, any, infer E, any> ? E : Failure<OutputOf<R>>

type ServicesOf<R> = R extends Task<any, any, any, infer R2> ? R2 : Services<OutputOf<R>>

/** The failures that no `catch` routes. */
export type Uncaught<States> = {} extends States ? never : { [T in keyof States]: UncaughtAt<States[T]> }[keyof States]

/** A `catch` speaks for its own state only. */
type UncaughtAt<D> = D extends { readonly run: infer R; readonly catch: infer C }
  ? Exclude<FailureAt<R>, { readonly _tag: keyof C & string }>
  : D extends { readonly run: infer R }
    ? FailureAt<R>
    : never

/** Work of which nothing is known is refused. */
type FailureAt<R> = unknown extends NextOf<R> ? never : FailureOf<R>

/** The services of all states. */
export type Needs<States> = {} extends States ? never : { [T in keyof States]: NeedsAt<States[T]> }[keyof States]

type NeedsAt<D> = D extends { readonly run: infer R } ? (unknown extends NextOf<R> ? never : ServicesOf<R>) : never
