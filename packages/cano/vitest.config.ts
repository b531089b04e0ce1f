import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "effect-cano",
    include: ["test/**/*.test.ts"]
  }
})
