import type { Command } from 'commander'
import type { Ports } from '../model/ports.ts'
import { jsonText } from '../ui/account-json.ts'
import { findingLines } from '../ui/finding-words.ts'
import { isJson } from './options.ts'

/** `aiauth doctor`: what is in order here and what is not, each with what to type. */
export function addDoctorCommand(program: Command, ports: Ports): void {
  program
    .command('doctor')
    .description('look for what keeps sign-ins from working, and say what to type')
    .addHelpText(
      'after',
      '\nIt changes nothing, sends no token, and asks one server of a provider what time it is.\n\nExamples:\n  aiauth doctor\n  aiauth doctor --json',
    )
    .action(async (_options: unknown, command: Command) => {
      const { examine } = await import('../flows/doctor/examine.ts')
      const findings = await ports.terminal.during('looking', () => examine(ports))
      if (isJson(command)) ports.terminal.out(jsonText({ findings }))
      else ports.terminal.out(findingLines(findings, ports.terminal.outStyle, ports.terminal.outColumns))
    })
}
