/**
 * Runs an Effect as the main program of a Node process, for services that must stop gracefully, such as a scheduler.
 *
 * 1. A first SIGINT or SIGTERM interrupts the program, and its finalizers run. A scheduler gives the runs in flight
 *    their grace, and logs the runs that it had to interrupt. Then the process ends with 0.
 * 2. A second signal ends the process at once, without finalizers. The exit code is 128 plus the number of the signal,
 *    as after a signal that nobody handles.
 * 3. When the program ends by itself, the process ends as under `NodeRuntime.runMain`. The exit code is 0 after a
 *    success, and 1 or the `Runtime.errorExitCode` of the error after a failure. A failure is logged.
 *
 * **When to use**
 *
 * Use it for a process that is stopped from outside: by a container, by systemd, in a terminal. It is built on
 * `NodeRuntime.runMain` of `@effect/platform-node`. `NodeRuntime.runMain` itself ends with 130 after a signal, and
 * ignores a second signal.
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
 * The options of {@link run}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Keeps a failure of the program out of the log. The exit code still shows the failure. Default: `false`. */
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
 * Throws a `ConfigurationError` for a value that is no Effect, such as a layer that was not launched.
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
 * Ends the process with 0 after an interruption, because a service that stops on demand has succeeded. After any other
 * exit, ends the process as Effect's default teardown does.
 *
 * **When to use**
 *
 * Use it with a runner other than {@link run}, such as `NodeRuntime.runMain`. There a second signal does nothing.
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

const notToRun = "the argument is not an Effect; run a layer with `Main.run(Layer.launch(layer))`"

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
