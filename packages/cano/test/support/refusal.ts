import { ConfigurationError } from "../../src/ConfigurationError.ts"

/** The error that a definition is refused with. */
export const refusal = (define: () => unknown): ConfigurationError => {
  try {
    define()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error("The definition was accepted")
}
