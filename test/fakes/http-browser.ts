/** A browser that just does HTTP. Plain JavaScript, because the built program starts it as its `BROWSER` too. */
export { walk, type WalkEnd, type WalkOptions } from '../sandbox/walk.js'
