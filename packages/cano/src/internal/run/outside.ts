import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { AnyEffect } from "../machine/output.ts"
import type { Child, WaitFor } from "../machine/task.ts"

/**
 * How a task waits for a time, for a signal or for a nested workflow. A bare run waits in its fiber. An interpreter that
 * keeps runs in a journal puts its own way into the context. `undefined` means: in the fiber.
 */
export interface Outside {
  readonly wait: (waitFor: WaitFor, state: unknown) => AnyEffect | undefined
  readonly nest: (child: Child, state: unknown) => AnyEffect | undefined
}

export const Outside: Context.Reference<Outside | undefined> = Context.Reference<Outside | undefined>(
  "effect-cano/Outside",
  { defaultValue: () => undefined }
)

/** Runs a nested workflow in the way of the context. */
export const nested = (child: Child, state: unknown, inFiber: AnyEffect): AnyEffect =>
  Effect.withFiber((fiber) => fiber.getRef(Outside)?.nest(child, state) ?? inFiber)

/** Waits in the way of the context. */
export const waited = (waitFor: WaitFor, state: unknown, inFiber: AnyEffect): AnyEffect =>
  Effect.withFiber((fiber) => fiber.getRef(Outside)?.wait(waitFor, state) ?? inFiber)
