import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Annotations from "../annotations.ts"
import type { End, Goal } from "./goal.ts"

/**
 * The effects that start before the event loop gets a turn, in a pool that may end before all have started. Starting
 * all at once would hold up every timer, that of the deadline too: 10,000 sleeping fibers take longer to start than
 * many a deadline lasts. Small slices also let running effects make progress before more of them start.
 *
 * A slice of any size ends when the clock moves. So it takes about a millisecond, whatever the effects do before they
 * suspend. The first slice goes on until the clock moves, so under a test clock all effects start at the same time.
 */
const smallSlice = 16

export interface Options {
  readonly goal: Goal
  /** The name of the log annotation of each effect. */
  readonly annotation: string
  /** The value of that annotation, by the place of the effect. */
  readonly idOf: (index: number) => string
  readonly concurrency: number
  readonly onSettled: ((pool: Pool) => void) | undefined
}

/**
 * Runs effects at once, each in a fiber, until a goal is reached. Then interrupts the rest and waits for their end.
 *
 * `Effect.forEach` interrupts its fibers as well, but forgets their results. A pool keeps every exit in its place.
 */
export class Pool {
  /** The exits by the place of the effect. `undefined` is an effect that was cancelled or has not ended. */
  readonly exits: Array<Exit.Exit<any, any> | undefined>
  readonly total: number
  completed = 0
  failed = 0
  /** The number of effects that have ended by cancellation. */
  interrupted = 0
  running = 0
  end: End | undefined = undefined
  /** The place of the first effect that failed. */
  firstFailure: number | undefined = undefined
  startedAt = 0

  private readonly effects: ReadonlyArray<Effect.Effect<any, any, any>>
  private readonly fibers: Array<Fiber.Fiber<any, any> | undefined>
  private readonly options: Options
  private readonly parent: Fiber.Fiber<any, any>
  private readonly clock: Clock.Clock
  private readonly sliceSize: number
  private readonly annotations: Readonly<Record<string, unknown>>
  private next = 0
  private pumping = false
  private scheduled = false
  private timer: Fiber.Fiber<void> | undefined = undefined
  private resume: (() => void) | undefined = undefined
  private broken: { readonly defect: unknown } | undefined = undefined

  constructor(
    effects: ReadonlyArray<Effect.Effect<any, any, any>>,
    options: Options,
    parent: Fiber.Fiber<any, any>,
    clock: Clock.Clock
  ) {
    this.effects = effects
    this.total = effects.length
    this.exits = Array.from({ length: effects.length })
    this.fibers = Array.from({ length: effects.length })
    this.options = options
    this.parent = parent
    this.clock = clock
    const { deadline, required } = options.goal
    this.sliceSize = deadline === undefined && required === undefined ? Infinity : smallSlice
    this.annotations = Annotations.annotationsOf(parent)
  }

  /** Runs the pool to its end. An interruption interrupts every fiber and waits for their ends. */
  run(): Effect.Effect<Pool> {
    return Effect.suspend(() => {
      this.startedAt = this.now()
      const { deadline, required } = this.options.goal
      if (required === 0) this.end = "quota"
      else if (this.total === 0) this.end = required === undefined ? "settled" : "unreachable"
      else if (this.isOutOfReach()) this.end = "unreachable"
      else if (deadline === 0) this.end = "deadline"
      return this.end === undefined ? this.running_() : Effect.succeed(this)
    })
  }

  private running_(): Effect.Effect<Pool> {
    return Effect.callback<Pool>((resume) => {
      this.resume = () => resume(this.broken === undefined ? Effect.succeed(this) : Effect.die(this.broken.defect))
      this.startTimer()
      this.pump()
      return Effect.suspend(() => this.interruptAll())
    })
  }

  private startTimer(): void {
    const { deadline } = this.options.goal
    if (deadline === undefined) return
    this.timer = Effect.runForkWith(this.parent.context)(Effect.sleep(deadline))
    this.timer.addObserver((exit) => {
      if (exit._tag === "Success") this.stop("deadline")
    })
  }

  /** Starts as many effects as `concurrency` has room for, and gives the event loop a turn between slices. */
  private readonly pump = (): void => {
    this.scheduled = false
    if (this.pumping) return
    this.pumping = true
    const sliceStart = this.now()
    let now = sliceStart
    for (let launched = 0; this.hasRoom(); launched++) {
      if (now !== this.startedAt && (now !== sliceStart || launched === this.sliceSize)) {
        this.schedulePump()
        break
      }
      this.launch(this.next++)
      now = this.now()
      if (this.isLate(now)) this.stop("deadline")
    }
    this.pumping = false
    this.settleIfDone()
  }

  private hasRoom(): boolean {
    return this.end === undefined && this.running < this.options.concurrency && this.next < this.total
  }

  private schedulePump(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.parent.currentDispatcher.scheduleTask(this.pump, 0)
  }

  private launch(index: number): void {
    this.running++
    const annotations = { ...this.annotations, [this.options.annotation]: this.options.idOf(index) }
    const context = Annotations.provide(this.parent.context as Context.Context<any>, annotations)
    const fiber = Effect.runForkWith(context)(this.effects[index]!)
    this.fibers[index] = fiber
    // While it started, the effect may have ended the waiting, and its fiber was not among `fibers` yet.
    if (this.end !== undefined) fiber.interruptUnsafe(this.parent.id)
    fiber.addObserver((exit) => this.settled(index, exit))
  }

  private settled(index: number, exit: Exit.Exit<any, any>): void {
    this.running--
    this.fibers[index] = undefined
    if (exit._tag === "Success") {
      this.completed++
      this.exits[index] = exit
    } else if (this.end !== undefined && Cause.hasInterruptsOnly(exit.cause)) {
      this.interrupted++
    } else {
      this.failed++
      this.firstFailure ??= index
      this.exits[index] = exit
    }
    this.report()
    if (this.end === undefined) this.check()
    if (this.end !== undefined) this.settleIfDone()
    // A scheduled slice comes by itself. Another slice for each end would start all effects at once after all.
    else if (!this.pumping && !this.scheduled) this.pump()
  }

  private report(): void {
    if (this.options.onSettled === undefined || this.broken !== undefined) return
    try {
      this.options.onSettled(this)
    } catch (defect) {
      this.broken = { defect }
      this.stop("settled")
    }
  }

  /** Stops if the goal is reached, or out of reach. */
  private check(): void {
    const { required, count } = this.options.goal
    const counted = count === "succeeded" ? this.completed : this.completed + this.failed
    if (required !== undefined && counted >= required) return this.stop("quota")
    if (this.completed + this.failed === this.total)
      return this.stop(required === undefined ? "settled" : "unreachable")
    if (this.isOutOfReach()) return this.stop("unreachable")
    if (this.isLate(this.now())) this.stop("deadline")
  }

  /** Whether waiting on is of no use. If failures count as well, only a total below `required` is out of reach. */
  private isOutOfReach(): boolean {
    const { required, count, failFast } = this.options.goal
    return failFast && required !== undefined && this.total - (count === "succeeded" ? this.failed : 0) < required
  }

  /** Whether the deadline has passed. A busy event loop runs the timer late, so every start and every end asks too. */
  private isLate(now: number): boolean {
    const { deadline } = this.options.goal
    return deadline !== undefined && now - this.startedAt > deadline
  }

  private now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** Decides the end and interrupts the running effects. */
  private stop(end: End): void {
    if (this.end !== undefined) return
    this.end = end
    this.interruptRunning()
    this.settleIfDone()
  }

  private interruptRunning(): void {
    this.timer?.interruptUnsafe(this.parent.id)
    if (this.running === 0) return
    // Only the fibers before `next` have started.
    for (let index = 0; index < this.next; index++) this.fibers[index]?.interruptUnsafe(this.parent.id)
  }

  private settleIfDone(): void {
    if (this.end === undefined || this.running > 0 || this.pumping) return
    const resume = this.resume
    this.resume = undefined
    resume?.()
  }

  private interruptAll(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.resume = () => resume(Effect.void)
      this.end ??= "settled"
      this.interruptRunning()
      this.settleIfDone()
    })
  }
}

/** Runs effects in a pool; see {@link Pool}. */
export const run = (effects: ReadonlyArray<Effect.Effect<any, any, any>>, options: Options): Effect.Effect<Pool> =>
  Effect.withFiber((parent) => Effect.clockWith((clock) => new Pool(effects, options, parent, clock).run()))
