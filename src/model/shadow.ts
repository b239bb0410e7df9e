/**
 * Names of variables that programs of the built-in vendors read. Only where there is one does
 * anybody look whether it stands in the way of an account; a test holds it equal to the recipes.
 */
export const MAY_SHADOW = /^(?:ANTHROPIC|CLAUDE_CODE|CODEX|OPENAI)_/
