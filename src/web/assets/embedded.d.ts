// Files that esbuild embeds into the bundle by import attributes; TypeScript only learns their types.
declare module '*.css' {
  const text: string
  export default text
}
declare module '*.svg' {
  const text: string
  export default text
}
declare module '*.webmanifest' {
  const text: string
  export default text
}
declare module '*.png' {
  const bytes: Uint8Array<ArrayBuffer>
  export default bytes
}
declare module '*/lab.js' {
  const text: string
  export default text
}
declare module '*/phone.js' {
  const text: string
  export default text
}
declare module '*/sw.js' {
  const text: string
  export default text
}
declare module '*.min.js' {
  const text: string
  export default text
}
