import type { Effect } from "effect/Effect"
import type { Task } from "../../Task.ts"
import type { AnyState, BareTag, Tag, WithTag } from "./state.ts"
import type { Failure, Output, OutputOf, Services, Value } from "../inference.ts"

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
 */

/** What may stand under `run` for a state of type `In` in a machine over `S`. {@link Loose} lets a wrong state through to {@link Wiring}, which says it better. */
type Run<S extends AnyState, In> =
  | Task<In, S, any, any>
  | Effect<S | Loose<S>, any, any>
  | ((state: In) => Output<S | Loose<S>>)

type Loose<S> = (string & {}) | (S extends string ? never : { readonly _tag: string & {} })

/** One state's definition. */
export interface State<S extends AnyState, T> {
  readonly to: ReadonlyArray<Tag<S>>
  readonly run: Run<S, WithTag<S, T>>
  readonly catch?: object
}

/** The states of a machine over `S`. Which of them must be there is the business of {@link Wiring}. */
export type Definition<S extends AnyState> = { readonly [T in Tag<S>]?: State<S, T> }

/** Types the functions under `catch` by the failures of the `run` beside them. */
export type Catches<S extends AnyState, Runs> = {
  readonly [T in keyof Runs]: {
    readonly run: Runs[T] | (T extends Tag<S> ? Task<WithTag<S, T>, S, any, any> | Effect<S, any, any> : never)
    readonly catch?: unknown extends Runs[T]
      ? { readonly [tag: string]: Tag<S> | (string & {}) | ((error: any, state: WithTag<S, T>) => S) }
      : Catch<S, T, FailureOf<Runs[T]>>
  }
}

type Catch<S extends AnyState, T, E> = {
  readonly [K in Tag<E>]?: Tag<S> | (string & {}) | ((error: WithTag<E, K>, state: WithTag<S, T>) => S)
}

/** `unknown` where the wiring is right, a sentence on the property where it is wrong. */
export type Wiring<S extends AnyState, Exits, States> = {
  readonly [T in keyof States]: T extends KnownExits<Exits>
    ? `"${T & string}" is an exit: it must not have a definition`
    : T extends Tag<S>
      ? StateWiring<S, T & string, States[T]>
      : `"${T & string}" is not a state of the schema`
} & { readonly [T in Exclude<Tag<S>, KnownExits<Exits>>]: unknown }

/** Without a list of exits the compiler says so itself; nothing else is then wrong. */
type KnownExits<Exits> = string extends Exits ? never : Exits

/** As {@link Wiring}, for the list of exits. */
export type ExitsWiring<S extends AnyState, Exits extends string> = [Exclude<Exits, Tag<S>>] extends [never]
  ? unknown
  : `"${Exclude<Exits, Tag<S>>}" is not a state of the schema`

type StateWiring<S extends AnyState, T extends string, D> = D extends {
  readonly to: ReadonlyArray<infer To>
  readonly run: infer R
}
  ? RunWiring<S, T, To, NextOf<R>> &
      (D extends { readonly catch?: infer C }
        ? unknown extends C
          ? unknown
          : CatchWiring<S, T, To, FailureOf<R>, Exclude<C, undefined>>
        : unknown) &
      KeyWiring<T, Exclude<keyof D, keyof State<S, T>>>
  : unknown

/** A key that a state does not have is most often an option of its task. */
type KeyWiring<T extends string, Extra> = [Extra] extends [never]
  ? unknown
  : {
      readonly [
        K in Extra & string
      ]: `state "${T}" has no "${K}": a state has "to", "run" and "catch"; "name", "retry" and "attemptTimeout" belong to Task.make`
    }

type RunWiring<S extends AnyState, T extends string, To, Next> = [Next] extends [S]
  ? [Exclude<Tag<Next>, To>] extends [never]
    ? unknown
    : { readonly to: `state "${T}" can go to "${Exclude<Tag<Next>, To>}", which its "to" does not list` }
  : { readonly run: RunFault<S, T, Exclude<Next, S>> }

/** What is wrong with an answer that is not a state. */
type RunFault<S extends AnyState, T extends string, Wrong> = string extends Wrong
  ? [Extract<S, string>] extends [never]
    ? `state "${T}" returns a string, and the states are records: return { _tag: ... }`
    : `state "${T}" returns string, not a state: pass the generator function itself as "run", or write "as const"`
  : Tag<Wrong> extends Tag<S>
    ? `state "${T}" can return a "${Tag<Wrong>}" whose "${WrongKeys<WithTag<S, Tag<Wrong>>, Wrong>}" does not fit the schema`
    : `state "${T}" can return "${Exclude<Tag<Wrong>, Tag<S>>}", which is not a state of the schema`

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

type CatchWiring<S extends AnyState, T extends string, To, E, C> = {
  [K in keyof C]-?: K extends string
    ? undefined extends C[K]
      ? `the route of "${K}" may be undefined`
      : CatchFault<S, T, To, E, K, C[K]>
    : "a failure is caught by its _tag, a string"
}[keyof C] extends infer Fault
  ? [Fault] extends [never]
    ? unknown
    : { readonly catch: Fault }
  : never

/** What is wrong with the route of one failure; `never` if nothing is. */
type CatchFault<S extends AnyState, T extends string, To, E, K extends string, Route> =
  K extends Tag<E>
    ? Route extends (...args: infer Args) => infer Next
      ? ErrorFault<WithTag<E, K>, K, Args> | Undeclared<T, Exclude<Tag<Next>, To>, K>
      : Route extends Tag<S>
        ? Route extends To
          ? Route extends BareTag<S>
            ? never
            : `"${Route}" carries a payload: catch "${K}" with a function (error, state) => next state`
          : Undeclared<T, Route, K>
        : `"${Route & string}" is not a state of the schema`
    : `state "${T}" cannot fail with "${K}"`

/** Beside an inline function with a parameter TypeScript gives the error of a `catch` function the type `any`. */
type ErrorFault<E, K extends string, Args> = Args extends readonly [infer Parameter, ...infer _]
  ? 0 extends 1 & Parameter
    ? `annotate the error that catches "${K}", as in (error: ${K}) => next state: its type cannot be inferred beside this "run"`
    : [E] extends [Parameter]
      ? never
      : `the function that catches "${K}" takes another error`
  : never

type Undeclared<T extends string, Target extends string, K extends string> = [Target] extends [never]
  ? never
  : `state "${T}" can go to "${Target}" by catching "${K}", which its "to" does not list`

type NextOf<R> = R extends Task<any, infer Next, any, any> ? Next : Value<OutputOf<R>>

type FailureOf<R> = R extends Task<any, any, infer E, any> ? E : Failure<OutputOf<R>>

type ServicesOf<R> = R extends Task<any, any, any, infer R2> ? R2 : Services<OutputOf<R>>

/** The failures of one state that its `catch` does not route. A `catch` speaks for its own state only. */
export type Uncaught<D> = D extends { readonly run: infer R; readonly catch: infer C }
  ? Exclude<FailureOf<R>, { readonly _tag: keyof C & string }>
  : D extends { readonly run: infer R }
    ? FailureOf<R>
    : never

/** The services that one state needs. */
export type Needs<D> = D extends { readonly run: infer R } ? ServicesOf<R> : never
