import { Argument, type Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { COMPLETED_SHELLS, COMPLETION_SCRIPTS, type CompletedShell } from '../ui/completion-scripts.ts'
import { wordsToComplete } from './words-to-complete.ts'

const HELP = `
Names of accounts and providers are looked up while you type: aiauth reads its files, and asks neither the keychain nor
the network.

Examples:
  aiauth completion bash > ~/.local/share/bash-completion/completions/aiauth
  aiauth completion zsh > "\${fpath[1]}/_aiauth"
  aiauth completion fish > ~/.config/fish/completions/aiauth.fish
  aiauth completion powershell >> $PROFILE`

/** `aiauth completion <shell>`: the script, and the hidden command that it asks. */
export function addCompletionCommand(program: Command, ports: Ports): void {
  program
    .command('completion')
    .description('print a script that completes commands, flags and accounts in your shell')
    .addArgument(new Argument('<shell>', 'whose script').choices(COMPLETED_SHELLS))
    .addHelpText('after', HELP)
    .action((shell: CompletedShell) => ports.terminal.out(COMPLETION_SCRIPTS[shell]))
  program
    .command('complete', { hidden: true })
    .description('print what a word may become, for the scripts of aiauth completion')
    .argument('<.word>', 'the word so far, a dot before it')
    .argument('[before...]', 'the words before it')
    .action((word: string, before: string[]) => {
      const found = wordsToComplete(program, ports, before, word.slice(1))
      for (const { word, what } of found) ports.terminal.out(`${word}\t${what}\n`)
    })
}
