/** Shells that `aiauth completion` writes for. */
export const COMPLETED_SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

export type CompletedShell = (typeof COMPLETED_SHELLS)[number]

/*
 * Each script asks `aiauth complete -- .<the word so far> <the words before it>` and gets a
 * line for each candidate: the word, a tab, what it is. The dot keeps an empty word alive on
 * its way through PowerShell, which drops empty arguments.
 */

/**
 * Readline replaces only what stands behind the last of `COMP_WORDBREAKS`, among them `=` and
 * `@`, so what stands before it is cut off the candidates.
 */
const BASH = [
  '_aiauth() {',
  '  local line="${COMP_LINE:0:COMP_POINT}" words word current tail head',
  '  current="${line##*[[:blank:]]}"',
  '  read -r -a words <<<"${line%"$current"}"',
  '  tail="${current##*[$COMP_WORDBREAKS]}"',
  '  head="${current%"$tail"}"',
  '  COMPREPLY=()',
  "  while IFS=$'\\t' read -r word _; do",
  '    [[ $word == *= ]] && compopt -o nospace 2>/dev/null',
  '    COMPREPLY+=("${word#"$head"}")',
  '  done < <(aiauth complete -- ".$current" "${words[@]:1}" 2>/dev/null)',
  '}',
  'complete -o default -F _aiauth aiauth',
].join('\n')

/** A key that still wants its value gets no blank behind it. */
const ZSH = [
  '#compdef aiauth',
  '_aiauth() {',
  '  local line word',
  '  local -a whole open',
  '  for line in "${(@f)$(aiauth complete -- ".$PREFIX" "${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}"; do',
  '    [[ -z $line ]] && continue',
  "    word=${line%%$'\\t'*}",
  "    line=${word//:/\\\\:}:${line#*$'\\t'}",
  '    if [[ $word == *= ]]; then open+=($line); else whole+=($line); fi',
  '  done',
  '  if (( $#whole + $#open == 0 )); then',
  '    _files',
  '    return',
  '  fi',
  '  _describe -t words aiauth whole',
  "  _describe -t keys aiauth open -S ''",
  '}',
  'if [[ $funcstack[1] == _aiauth ]]; then _aiauth "$@"; else compdef _aiauth aiauth; fi',
].join('\n')

/** Behind `--` of `exec` stands another program's word: then files are offered. */
const FISH = [
  'function __aiauth_complete',
  '  set -l words (commandline -opc)',
  '  aiauth complete -- .(commandline -ct) $words[2..] 2>/dev/null',
  'end',
  "complete -c aiauth -f -a '(__aiauth_complete)'",
  "complete -c aiauth -n 'contains -- -- (commandline -opc)' -F",
].join('\n')

/** By its documents and its grammar only: no PowerShell could be run. It throws for a word without a description. */
const POWERSHELL = [
  'Register-ArgumentCompleter -Native -CommandName aiauth -ScriptBlock {',
  '  param($wordToComplete, $commandAst, $cursorPosition)',
  '  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |',
  '    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })',
  '  aiauth complete -- ".$wordToComplete" @words 2>$null | ForEach-Object {',
  '    $word, $what = $_ -split "`t", 2',
  '    if (-not $what) { $what = $word }',
  "    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $what)",
  '  }',
  '}',
].join('\n')

/** What a shell evaluates to complete the words of `aiauth`. */
export const COMPLETION_SCRIPTS: Readonly<Record<CompletedShell, string>> = {
  bash: `${BASH}\n`,
  zsh: `${ZSH}\n`,
  fish: `${FISH}\n`,
  powershell: `${POWERSHELL}\n`,
}
