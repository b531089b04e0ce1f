import type * as Effect from "effect/Effect"

/*
 * The types of work in any form that a user may write it: an Effect, a plain value, a generator, or a function that gives
 * one of these.
 */

/** What a handler may give back: the value itself, an Effect of it, or a generator that yields Effects. */
export type Output<A> = A | Effect.Effect<A, any, any> | Generator<any, A, any>

/** The value inside an {@link Output}. */
export type Value<X> = X extends Effect.Effect<infer A, any, any> ? A : X extends Generator<any, infer A, any> ? A : X

/**
 * The {@link Value} of an output, out of reach of inference. TypeScript infers a task from the place where the task stands
 * as well; it would compare all states there with each branch of `Value`.
 */
export type Given<X> = Value<X> extends infer Given ? Given : never

/** The typed failures of an {@link Output}. */
export type Failure<X> =
  X extends Effect.Effect<any, infer E, any>
    ? E
    : X extends Generator<infer Y, any, any>
      ? Y extends Effect.Effect<any, infer E, any>
        ? E
        : Hidden<Y>
      : Hidden<X>

/** The services an {@link Output} needs. */
export type Services<X> =
  X extends Effect.Effect<any, any, infer R>
    ? R
    : X extends Generator<infer Y, any, any>
      ? Y extends Effect.Effect<any, any, infer R>
        ? R
        : Hidden<Y>
      : Hidden<X>

/** A type as wide as `unknown`, `object` or `{}` may hide an Effect, of which nothing is known; any other hides none. */
type Hidden<X> = Effect.Effect<never> extends X ? unknown : never

/**
 * The {@link Output} of work in any form: the work itself, or what a function gives. TypeScript infers from the last
 * signature of an overloaded function only, unless it is asked for more: here it is asked for the last four. A function
 * with fewer answers with the same signature again.
 */
export type OutputOf<Work> = Work extends {
  (...args: any): infer A
  (...args: any): infer B
  (...args: any): infer C
  (...args: any): infer D
}
  ? A | B | C | D
  : Work
