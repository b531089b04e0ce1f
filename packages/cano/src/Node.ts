/**
 * A node is a task in three phases: `prep` loads, `exec` does the work, `post` saves and chooses the next state.
 *
 * The split is worth its ceremony where the work should not see the shared store: `exec` gets what `prep` loaded and
 * nothing else, so it can be tested and moved alone. The API comes from Cano, which has it from PocketFlow.
 *
 * 1. The order is prep, exec, post. A phase that fails ends the attempt.
 * 2. `exec` cannot require the `MemoryStore`: that is a type error.
 * 3. `retry` repeats the **whole cycle**, exactly n+1 times for n retries. (Cano 0.6 tried (n+1)² times.) To retry `exec`
 *    alone, pipe `Effect.retry` on it.
 * 4. All three may fail with typed errors; in Cano `exec` could not.
 *
 * @example
 * ```ts
 * import { Node, Store } from "effect-cano"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Email = Store.key("email", Schema.String)
 *
 * const sendEmail = Node.make({
 *   name: "send email",
 *   prep: Store.get(Email),
 *   exec: (email) => Effect.as(Effect.log(`Sending to ${email}`), true),
 *   post: (sent) => (sent ? "Complete" : "Failed")
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { attemptChecks, isFunction, isGiven, optional, optionsProblems, refuse, subjectOf } from "./internal/faults.ts"
import type { Failure, Given, Output, OutputOf, Services, Value } from "./internal/inference.ts"
import { effectOf, fromUnknown, toEffect } from "./internal/machine/output.ts"
import type { KeepLiteral } from "./internal/machine/state.ts"
import { composite } from "./internal/machine/task.ts"
import type { MemoryStore } from "./Store.ts"
import { make as makeTask, type Options, type Task, type TimeoutError } from "./Task.ts"

/**
 * Makes a task out of three phases.
 *
 * **Details**
 *
 * - `prep`: an Effect, or a function of the state. Without it `exec` gets the state.
 * - `exec`: a function of what `prep` gave.
 * - `post`: a function of what `exec` gave, and of the state; it gives the next state.
 * - `name`, `retry`, `attemptTimeout`: as in `Task.make`; the timeout bounds one whole cycle.
 *
 * Each phase may be a function that returns an Effect, a generator function, or a function that returns the plain value.
 *
 * **Gotchas**
 *
 * Write a `prep` that is a call with the Effect as its first argument, such as `Effect.map(effect, f)` or
 * `Store.getOrElse(key, orElse)`, as a function: `() => Effect.map(effect, f)`. TypeScript looks at such a call after `exec`,
 * whose parameter is then `unknown`. Failures and services are not lost by that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: {
  <
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    Prepared,
    Executed,
    Posted extends Output<Next>,
    Prep,
    Exec,
    Post,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<PhaseFailure<Prep | Exec | Post>, RetryError, RetryServices, Timeout> & {
      readonly prep: Prepared | ((state: State) => Prepared)
      readonly exec: (prepared: Value<Prepared>) => Executed
      readonly post: (result: Value<Executed>, state: State) => Posted
    } & {
      readonly prep: Prep
      readonly exec: Exec & StoreFree<Exec>
      readonly post: Post
    }
  ): Task<
    State,
    [Posted] extends [Output<any>] ? Given<OutputOf<Post>> : Next | Posted,
    PhaseFailure<Prep | Exec | Post> | TimeoutError<Timeout> | NoInfer<RetryError>,
    PhaseServices<Prep | Exec | Post> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | KeepLiteral<TagName>,
    Executed,
    Posted extends Output<Next>,
    Exec,
    Post,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<PhaseFailure<Exec | Post>, RetryError, RetryServices, Timeout> & {
      readonly prep?: never
      readonly exec: (state: State) => Executed
      readonly post: (result: Value<Executed>, state: State) => Posted
    } & {
      readonly exec: Exec & StoreFree<Exec>
      readonly post: Post
    }
  ): Task<
    State,
    [Posted] extends [Output<any>] ? Given<OutputOf<Post>> : Next | Posted,
    PhaseFailure<Exec | Post> | TimeoutError<Timeout> | NoInfer<RetryError>,
    PhaseServices<Exec | Post> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Executed,
    Posted extends Output<Next>,
    Exec,
    Post,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<PhaseFailure<Exec | Post>, RetryError, RetryServices, Timeout> & {
      readonly prep?: never
      readonly exec: (state: State) => Executed
      readonly post: (result: Value<Executed>, state: State) => Posted
    } & {
      readonly exec: Exec & StoreFree<Exec>
      readonly post: Post
    }
  ): Task<
    State,
    [Posted] extends [Output<any>] ? Given<OutputOf<Post>> : Next | Posted,
    PhaseFailure<Exec | Post> | TimeoutError<Timeout> | NoInfer<RetryError>,
    PhaseServices<Exec | Post> | NoInfer<RetryServices>
  >
  <
    TagName extends string,
    Next extends TagName | { readonly _tag: TagName },
    Prepared,
    Executed,
    Posted extends Output<Next>,
    Prep,
    Exec,
    Post,
    State = unknown,
    RetryError = never,
    RetryServices = never,
    Timeout extends Duration.Input | undefined = undefined
  >(
    options: Options<PhaseFailure<Prep | Exec | Post>, RetryError, RetryServices, Timeout> & {
      readonly prep: Prepared | ((state: State) => Prepared)
      readonly exec: (prepared: Value<Prepared>) => Executed
      readonly post: (result: Value<Executed>, state: State) => Posted
    } & {
      readonly prep: Prep
      readonly exec: Exec & StoreFree<Exec>
      readonly post: Post
    }
  ): Task<
    State,
    [Posted] extends [Output<any>] ? Given<OutputOf<Post>> : Next | Posted,
    PhaseFailure<Prep | Exec | Post> | TimeoutError<Timeout> | NoInfer<RetryError>,
    PhaseServices<Prep | Exec | Post> | NoInfer<RetryServices>
  >
} = (
  options: Options<any, any, any, any> & {
    readonly prep?: unknown
    readonly exec: unknown
    readonly post: unknown
  }
): Task<any, any, any, any> => {
  refuse(subjectOf("Task", options?.name, "Node.make"), optionsProblems("what Node.make was given", options, checks))
  const hasPrep = options.prep !== undefined
  const prep = fromUnknown(options.prep)
  const exec = fromUnknown(options.exec)
  const post = fromUnknown(options.post)
  const executed = (prepared: unknown) => effectOf("Node.make", "exec", exec(prepared))
  const posted = (result: unknown, state: unknown) => toEffect(post(result, state))
  // Where prep does not look at the state, all but the last step is the same for every run.
  const fixed =
    !hasPrep || (typeof options.prep === "function" && !Effect.isEffect(options.prep))
      ? undefined
      : Effect.flatMap(toEffect(options.prep), executed)
  const first = (state: unknown) =>
    hasPrep ? Effect.flatMap(effectOf("Node.make", "prep", prep(state)), executed) : executed(state)
  const cycle = (state: unknown) => Effect.flatMap(fixed ?? first(state), (result) => posted(result, state))
  const run = composite(cycle, {
    inParts: (state, parts) => {
      const inExec = (prepared: unknown) =>
        parts.phase(
          "exec",
          Effect.suspend(() => executed(prepared))
        )
      const inPrep = () =>
        parts.phase(
          "prep",
          Effect.suspend(() => effectOf("Node.make", "prep", prep(state)))
        )
      return Effect.flatMap(hasPrep ? Effect.flatMap(inPrep(), inExec) : inExec(state), (result) =>
        parts.phase(
          "post",
          Effect.suspend(() => posted(result, state))
        )
      )
    }
  })
  const { attemptTimeout, name, retry } = options
  return makeTask({ name, retry, attemptTimeout, run } as any)
}

const checks = {
  ...attemptChecks,
  prep: optional(isGiven("an Effect or a function")),
  exec: isFunction,
  post: isFunction
}

/*
 * The order of the signatures matters. A signature that TypeScript tries types the parameter of `exec` for all that follow,
 * so one with `prep` comes first. The last is the one that error messages are about.
 *
 * Each phase is inferred twice. Once what it gives, which types the parameters of the next: TypeScript must settle that
 * before it has seen all phases, and may know nothing by then. And once the phase itself, for its failures and services:
 * no parameter depends on that, so it is settled last and nothing is lost.
 */

type PhaseFailure<Phase> = Failure<OutputOf<Phase>>

type PhaseServices<Phase> = Services<OutputOf<Phase>>

/** Refuses an `exec` that needs the store. */
type StoreFree<Exec> = [Extract<PhaseServices<Exec>, MemoryStore>] extends [never]
  ? unknown
  : "exec cannot use the MemoryStore: load in prep, save in post"
