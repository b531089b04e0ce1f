/** The words for policies and waits in diagrams. Both are opaque, so whoever makes them leaves the words here. */
const labels = new WeakMap<object, string>()

export const label = <A extends object>(self: A, text: string): A => {
  labels.set(self, text)
  return self
}

export const labelOf = (self: object): string | undefined => labels.get(self)
