import type * as Duration from "effect/Duration"
import { pipeArguments } from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import type { Flow, Options } from "../../Scheduler.ts"
import type * as Trigger from "../../Trigger.ts"

type AnyOptions = Options<Duration.Input | undefined>

/** The options of a flow that was given none. */
export const noOptions: AnyOptions = {}

const variance: any = {}

class Definition {
  readonly "~effect-cano/Scheduler/Flow" = variance
  readonly id: string
  readonly trigger: Trigger.Trigger<any>
  readonly job: Flow.Any["job"]
  readonly options: AnyOptions

  constructor(id: string, trigger: Trigger.Trigger<any>, job: Flow.Any["job"], options: AnyOptions) {
    this.id = id
    this.trigger = trigger
    this.job = job
    this.options = options
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

export const isFlow = (u: unknown): u is Flow.Any => hasProperty(u, "~effect-cano/Scheduler/Flow")

export const makeFlow = (
  id: string,
  trigger: Trigger.Trigger<any>,
  job: Flow.Any["job"],
  options: Options<any> = noOptions
): Flow<any, any, any> => new Definition(id, trigger, job, options)
