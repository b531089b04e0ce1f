import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { SkipReason } from "../../Scheduler.ts"
import type { Debounce } from "./decision.ts"
import type { LiveFlow, Offer } from "./flow.ts"
import type { Runner } from "./runner.ts"
import type { WallClock } from "./wallClock.ts"

/** Calls of `trigger` that become one run when they have ended. */
interface Burst {
  readonly offer: Offer
  /** When the run starts, however many more calls come. */
  readonly latestAt: number
  sleeper: Fiber.Fiber<void> | undefined
}

/** Gathers the calls of `trigger` of flows that are debounced. */
export class Debouncer {
  private readonly bursts = new Map<LiveFlow, Burst>()
  private readonly clock: WallClock
  private readonly runner: Runner
  private readonly context: Context.Context<never>

  constructor(clock: WallClock, runner: Runner, context: Context.Context<never>) {
    this.clock = clock
    this.runner = runner
    this.context = context
  }

  /** Adds a call to the burst that is under way, or begins one, and gives its offer. */
  gather(flow: LiveFlow, { latest, quiet }: Debounce): Offer {
    const now = this.clock.read()
    const burst = this.bursts.get(flow) ?? { offer: offerAt(now), latestAt: now + latest, sleeper: undefined }
    this.bursts.set(flow, burst)
    burst.sleeper?.interruptUnsafe()
    const pause = this.clock.sleep(Math.max(0, Math.min(quiet, burst.latestAt - now)))
    burst.sleeper = Effect.runForkWith(this.context)(
      Effect.andThen(
        pause,
        Effect.sync(() => this.end(flow, burst))
      )
    )
    return burst.offer
  }

  /** Drops the burst of a flow, if there is one; or if it is that of an offer. */
  drop(flow: LiveFlow, reason: SkipReason, offer?: Offer): boolean {
    const burst = this.bursts.get(flow)
    if (burst === undefined || (offer !== undefined && burst.offer !== offer)) return false
    this.bursts.delete(flow)
    burst.sleeper?.interruptUnsafe()
    this.runner.refuse(flow, burst.offer, reason)
    return true
  }

  private end(flow: LiveFlow, burst: Burst): void {
    this.bursts.delete(flow)
    this.runner.offerLate(flow, burst.offer)
  }
}

const offerAt = (now: number): Offer => ({ due: now, by: "hand", done: Deferred.makeUnsafe() })
