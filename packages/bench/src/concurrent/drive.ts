import { batchOf, deadline, type PrepareBatch, quotaOf, type Waits } from "./shape.ts"

/** Waits that can be given up together: one set for a batch. */
export class Waiting {
  private readonly pending = new Set<{ readonly timer: NodeJS.Timeout; readonly reject: (reason: Error) => void }>()
  isOver = false

  sleep(milliseconds: number): Promise<void> {
    if (this.isOver) return Promise.reject(new Error("cancelled"))
    return new Promise((resolve, reject) => {
      const entry = {
        timer: setTimeout(() => {
          this.pending.delete(entry)
          resolve()
        }, milliseconds),
        reject
      }
      this.pending.add(entry)
    })
  }

  giveUp(): void {
    this.isOver = true
    for (const { reject, timer } of this.pending) {
      clearTimeout(timer)
      reject(new Error("cancelled"))
    }
    this.pending.clear()
  }
}

/** How one instance is started in promises, and all of a batch stopped. */
export interface Batch {
  readonly start: (waits: Waits) => Promise<void>
  readonly stop: () => void
}

/** The three modes by hand, in promises: every result is awaited before the batch is over. */
export const drive =
  (open: (size: number) => Batch): PrepareBatch =>
  (instances, mode) =>
  () =>
  async () => {
    const batch = open(instances.length)
    const timer = mode === "deadline" ? setTimeout(batch.stop, deadline) : undefined
    let completed = 0
    const count = () => {
      completed++
      if (mode === "quota" && completed === quotaOf(instances.length)) batch.stop()
    }
    await Promise.allSettled(instances.map((waits) => batch.start(waits).then(count)))
    clearTimeout(timer)
    return batchOf(mode, instances.length, completed)
  }
