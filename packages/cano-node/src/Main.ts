/**
 * Runs an Effect as the main program of a Node process, for services that are to stop gracefully: a scheduler first of
 * all.
 *
 * 1. A first SIGINT or SIGTERM interrupts the program, and its finalizers run: a scheduler gives the runs in flight
 *    their grace, and logs those that it had to interrupt. Then the process ends with 0.
 * 2. A second signal ends the process at once, without finalizers, with 128 and the number of the signal, as a signal
 *    that nobody handles does.
 * 3. A program that ends by itself ends the process as it does under `NodeRuntime.runMain`: with 0 after a success, with
 *    1 or the `Runtime.errorExitCode` of the error after a failure, which is logged.
 *
 * **When to use**
 *
 * Use it instead of `NodeRuntime.runMain` of `@effect/platform-node`, which it is built on, for a process that others
 * stop: a container, a unit of systemd, a terminal. `NodeRuntime.runMain` ends with 130 after a signal, and takes no
 * notice of a second one.
 *
 * @example
 * ```ts
 * import { Main } from "effect-cano-node"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.sleep("20 millis").pipe(
 *   Effect.andThen(Console.log("done")),
 *   Effect.ensuring(Console.log("closed, after a signal as well"))
 * )
 *
 * Main.run(program)
 * ```
 *
 * @since 0.1.0
 */
import { constants } from "node:os"
import process from "node:process"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { ConfigurationError } from "effect-cano/ConfigurationError"

// -----------------------------------------------------------------------------
// models
// -----------------------------------------------------------------------------

/**
 * How a program is run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Keeps a failure of the program out of the log. The exit code still tells of it. */
  readonly disableErrorReporting?: boolean | undefined
}

// -----------------------------------------------------------------------------
// running
// -----------------------------------------------------------------------------

/**
 * Runs an Effect as the main program of the process.
 *
 * **Details**
 *
 * Throws a `ConfigurationError` if it is given something else than an Effect, such as a layer that was not launched.
 *
 * @example
 * ```ts
 * import type { Scheduler } from "effect-cano"
 * import { Main } from "effect-cano-node"
 * import * as Layer from "effect/Layer"
 *
 * declare const schedules: Layer.Layer<Scheduler.Scheduler>
 *
 * Main.run(Layer.launch(schedules))
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = <A, E>(effect: Effect.Effect<A, E>, options?: Options): void => {
  if (!Effect.isEffect(effect)) throw new ConfigurationError({ subject: "Main.run", problems: [notToRun] })
  const stopListening = exitOnSecondSignal()
  NodeRuntime.runMain(effect, {
    disableErrorReporting: options?.disableErrorReporting,
    teardown: (exit, onExit) => {
      stopListening()
      teardown(exit, onExit)
    }
  })
}

/**
 * Ends the process with 0 after an interruption, which for a service that was told to stop is success; otherwise as
 * Effect's default teardown does.
 *
 * **When to use**
 *
 * Use it with another main program than {@link run}, such as Effect's. There a second signal does nothing.
 *
 * @example
 * ```ts
 * import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
 * import type { Scheduler } from "effect-cano"
 * import { Main } from "effect-cano-node"
 * import * as Layer from "effect/Layer"
 *
 * declare const schedules: Layer.Layer<Scheduler.Scheduler>
 *
 * NodeRuntime.runMain(Layer.launch(schedules), { teardown: Main.teardown })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const teardown: Runtime.Teardown = (exit, onExit) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)

// -----------------------------------------------------------------------------
// internals
// -----------------------------------------------------------------------------

const notToRun = "what it was given is not an Effect; a layer is run with `Main.run(Layer.launch(layer))`"

/** Leaves the first signal to `NodeRuntime.runMain`, which interrupts the program. */
const exitOnSecondSignal = (): (() => void) => {
  let isFirst = true
  const listener = (signal: "SIGINT" | "SIGTERM") => {
    if (!isFirst) process.exit(128 + constants.signals[signal])
    isFirst = false
  }
  process.on("SIGINT", listener)
  process.on("SIGTERM", listener)
  return () => {
    process.removeListener("SIGINT", listener)
    process.removeListener("SIGTERM", listener)
  }
}
