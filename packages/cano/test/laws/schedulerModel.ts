/**
 * A reference for the scheduler, written from its docs: a plain simulation in virtual time, without Effect. It knows
 * intervals, because what it is about is what becomes of the ticks.
 */

export interface RunScript {
  /** 0 is a job that does not give up the thread. */
  readonly millis: number
  readonly outcome: "success" | "failure" | "defect" | "interrupted"
}

export interface FlowScript {
  readonly id: string
  readonly interval: number
  /** From the start; in the past, or ahead. */
  readonly startAt: number | undefined
  readonly overlap: "skip" | "queue" | "allow" | "cancelPrevious" | { readonly atMost: number }
  readonly missed: "skip" | "once" | number
  readonly maxRuns: number
  readonly trip: number
  readonly backoff: number | undefined
  /** What the runs do, in turn. */
  readonly runs: ReadonlyArray<RunScript>
}

export type Operation =
  | { readonly at: number; readonly op: "pause" | "resume" | "trigger" | "remove" | "reset"; readonly flow: string }
  | { readonly at: number; readonly op: "jump"; readonly by: number }

export interface Program {
  readonly flows: ReadonlyArray<FlowScript>
  readonly operations: ReadonlyArray<Operation>
  readonly end: number
}

/** When all programs start: far enough from zero for any jump back. */
export const epoch = 1_000_000_000

/** No more time passes between two looks at the clock. */
const longestSleep = 30_000

/** Two things happen at the same moment, and either order would be right. */
export class Tie extends Error {}

interface Flow extends FlowScript {
  readonly order: number
  /** A tick of its grid. */
  anchor: number
  due: number
  isQueued: boolean
  isPaused: boolean
  isTripped: boolean
  isCompleted: boolean
  isRemoved: boolean
  streak: number
  heldUntil: number
  started: number
  inFlight: Array<{ readonly run: number; readonly ends: number; readonly outcome: RunScript["outcome"] }>
  waiting: Array<{ readonly due: number; readonly by: "timer" | "hand" }>
}

export const simulate = (program: Program): ReadonlyArray<string> => new Simulation(program).run()

/** The first tick of a grid that is not before a time. */
const firstOnGrid = (anchor: number, interval: number, time: number): number =>
  anchor + Math.max(0, Math.ceil((time - anchor) / interval)) * interval

const atMostOf = ({ overlap }: FlowScript): number => (typeof overlap === "object" ? overlap.atMost : 1)

class Simulation {
  private readonly program: Program
  private readonly log: Array<string> = []
  private readonly flows: Array<Flow>
  /** What the timers see, and what the clock on the wall shows. */
  private elapsed = 0
  private offset = epoch
  /** The offset when the scheduler looked at the clock last. */
  private seenOffset = epoch
  /** When the timer goes off, and what the wall clock was expected to show then. */
  private alarm = 0
  private alarmFor = -Infinity

  constructor(program: Program) {
    this.program = program
    this.flows = program.flows.map((script, order) => ({
      ...script,
      order,
      anchor: epoch + (script.startAt ?? 0),
      due: firstOnGrid(epoch + (script.startAt ?? 0), script.interval, epoch),
      isQueued: true,
      isPaused: false,
      isTripped: false,
      isCompleted: false,
      isRemoved: false,
      streak: 0,
      heldUntil: 0,
      started: 0,
      inFlight: [],
      waiting: []
    }))
  }

  private get wall(): number {
    return this.elapsed + this.offset
  }

  run(): ReadonlyArray<string> {
    const operations = [...this.program.operations]
    for (;;) {
      const ends = this.flows.flatMap((flow) => flow.inFlight.map((run) => run.ends))
      const moments = [this.alarm, operations[0]?.at ?? Infinity, ...ends]
      const next = Math.min(...moments)
      if (next > this.program.end) return this.log
      if (moments.filter((moment) => moment === next).length > 1) throw new Tie()
      this.elapsed = next
      if (next === this.alarm) this.wake()
      else if (operations[0]?.at === next) this.operate(operations.shift()!)
      else this.finishDue(next)
    }
  }

  private say(flow: Flow | undefined, what: string): void {
    this.log.push(`${this.wall}${flow === undefined ? "" : ` ${flow.id}`} ${what}`)
  }

  private arm(): void {
    const first = Math.min(...this.flows.filter((flow) => flow.isQueued).map((flow) => flow.due))
    this.alarmFor = first === Infinity ? Infinity : Math.min(first, this.wall + longestSleep)
    this.alarm = this.elapsed + this.alarmFor - this.wall
  }

  /** The scheduler looks at the clock; where it was set back by a second or more, all goes on as if it had not been. */
  private look(): void {
    const jump = this.offset - this.seenOffset
    this.seenOffset = this.offset
    if (jump > -1000) return
    for (const flow of this.flows) {
      flow.anchor += jump
      flow.due += jump
      flow.heldUntil += jump
    }
  }

  /** It looks when something is done from which time is counted. */
  private lookAndRearm(): void {
    this.look()
    if (this.flows.some((flow) => flow.isQueued && flow.due < this.alarmFor)) this.arm()
  }

  private wake(): void {
    this.look()
    const now = this.wall
    for (;;) {
      const due = this.flows.filter((flow) => flow.isQueued && flow.due <= now)
      const [flow] = due.sort((a, b) => a.due - b.due || a.order - b.order)
      if (flow === undefined) break
      const ticks = []
      for (; flow.due <= now; flow.due += flow.interval) ticks.push(flow.due)
      this.passTicks(flow, ticks, now)
    }
    this.arm()
  }

  private passTicks(flow: Flow, ticks: ReadonlyArray<number>, now: number): void {
    const last = ticks.at(-1)!
    const isLate = now - last > 60_000
    const inWindow = ticks.filter((tick) => typeof flow.missed === "number" && tick >= now - flow.missed)
    const runs =
      ticks.length === 1 && !isLate
        ? ticks
        : flow.missed === "skip"
          ? isLate
            ? []
            : [last]
          : flow.missed === "once"
            ? [isLate ? ticks[0]! : last]
            : isLate || inWindow.includes(last)
              ? inWindow
              : [...inWindow, last]
    if (runs.length < ticks.length) this.say(flow, `missed ${ticks.length - runs.length}`)
    for (const tick of runs) this.offer(flow, tick, "timer", runs.length > 1)
  }

  private offer(flow: Flow, due: number, by: "timer" | "hand", isCatchingUp = false): void {
    const isBusy = flow.inFlight.length + flow.waiting.length >= atMostOf(flow)
    const reserved = flow.overlap === "cancelPrevious" && !isCatchingUp ? 0 : flow.waiting.length
    const held = this.held(flow, by)
    if (held !== undefined) return this.say(flow, `skipped: ${held}`)
    if (flow.started + reserved >= flow.maxRuns) return this.say(flow, "skipped: maxRuns")
    if (!isBusy || flow.overlap === "allow") return this.start(flow)
    if (isCatchingUp) return this.wait(flow, due, by)
    if (flow.overlap === "skip" || typeof flow.overlap === "object")
      return this.say(flow, `skipped: overlap ${flow.inFlight.at(-1)!.run}`)
    if (flow.overlap === "queue") {
      if (flow.waiting.length > 0) return this.say(flow, `skipped: queueFull ${flow.inFlight.at(-1)!.run}`)
      return this.wait(flow, due, by)
    }
    for (const _ of flow.waiting.splice(0)) this.say(flow, "skipped: superseded")
    this.wait(flow, due, by)
    this.interrupt(flow)
  }

  private wait(flow: Flow, due: number, by: "timer" | "hand"): void {
    flow.waiting.push({ due, by })
    this.say(flow, "RunWaiting")
  }

  private held(flow: Flow, by: "timer" | "hand"): string | undefined {
    if (flow.isTripped) return "tripped"
    if (by === "hand") return undefined
    if (flow.isPaused) return "paused"
    return this.wall < flow.heldUntil ? "backoff" : undefined
  }

  private start(flow: Flow): void {
    const script = flow.runs[flow.started % flow.runs.length]!
    const run = ++flow.started
    flow.inFlight.push({ run, ends: this.elapsed + script.millis, outcome: script.outcome })
    this.say(flow, `${run} started`)
    if (run === flow.maxRuns) {
      flow.isQueued = false
      flow.isCompleted = true
      this.say(flow, "Completed")
    }
    if (script.millis === 0) this.end(flow, run, script.outcome)
  }

  private finishDue(at: number): void {
    const flow = this.flows.find((flow) => flow.inFlight.some((run) => run.ends === at))!
    const { outcome, run } = flow.inFlight.find((run) => run.ends === at)!
    this.end(flow, run, outcome)
  }

  private end(flow: Flow, run: number, outcome: RunScript["outcome"]): void {
    flow.inFlight = flow.inFlight.filter((other) => other.run !== run)
    this.say(flow, `${run} ${outcome}`)
    if (outcome === "success") {
      flow.streak = 0
      flow.heldUntil = 0
    } else if (outcome !== "interrupted") {
      this.lookAndRearm()
      flow.streak++
      flow.heldUntil = flow.backoff === undefined ? 0 : this.wall + flow.backoff * 2 ** (flow.streak - 1)
      if (flow.streak >= flow.trip && !flow.isTripped) {
        flow.isTripped = true
        flow.isQueued = false
        this.say(flow, "Tripped")
      } else if (flow.heldUntil > this.wall) this.say(flow, "BackedOff")
    }
    if (flow.isRemoved) {
      if (flow.inFlight.length === 0) this.say(flow, "Removed")
      return
    }
    while (flow.inFlight.length < atMostOf(flow) && flow.waiting.length > 0) {
      const { by } = flow.waiting.shift()!
      const held = this.held(flow, by)
      if (held === undefined) this.start(flow)
      else this.say(flow, `skipped: ${held}`)
    }
  }

  private interrupt(flow: Flow): void {
    for (const { run } of flow.inFlight) this.end(flow, run, "interrupted")
  }

  private requeue(flow: Flow): void {
    if (flow.isPaused || flow.isTripped || flow.isCompleted) return
    flow.isQueued = true
    flow.due = firstOnGrid(flow.anchor, flow.interval, this.wall + 1)
    // The timer is set anew only if it would go off too late for this flow.
    if (flow.due < this.alarmFor) this.wake()
  }

  private operate(operation: Operation): void {
    if (operation.op === "jump") {
      this.offset += operation.by
      return
    }
    const flow = this.flows.find(({ id }) => id === operation.flow)!
    if (flow.isRemoved) return
    switch (operation.op) {
      case "pause":
        if (flow.isPaused) return
        this.lookAndRearm()
        flow.isPaused = true
        flow.isQueued = false
        this.say(flow, "Paused")
        for (const waiting of flow.waiting) if (waiting.by === "timer") this.say(flow, "skipped: paused")
        flow.waiting = flow.waiting.filter((waiting) => waiting.by !== "timer")
        return
      case "resume":
        if (!flow.isPaused) return
        this.lookAndRearm()
        flow.isPaused = false
        this.say(flow, "Resumed")
        return this.requeue(flow)
      case "reset": {
        this.lookAndRearm()
        const wasTripped = flow.isTripped
        flow.isTripped = false
        flow.streak = 0
        flow.heldUntil = 0
        this.say(flow, "Reset")
        return wasTripped ? this.requeue(flow) : undefined
      }
      case "trigger":
        return this.offer(flow, this.wall, "hand")
      case "remove":
        flow.isRemoved = true
        flow.isQueued = false
        for (const _ of flow.waiting.splice(0)) this.say(flow, "skipped: stopped")
        if (flow.inFlight.length === 0) this.say(flow, "Removed")
        return this.interrupt(flow)
    }
  }
}
