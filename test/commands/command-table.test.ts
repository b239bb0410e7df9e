import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/commands/command-table.ts'
import { fakePorts } from '../fakes/ports.ts'

describe('the list of commands', () => {
  it.each(COMMANDS)('shows $name as the command itself would', async ({ name, takes, description, add }) => {
    const program = new Command()
    const addCommand = await add()
    addCommand(program, fakePorts(), [])
    const command = program.commands.find((one) => one.name() === name)
    if (command === undefined) throw new Error(`no command named ${name}`)
    expect(program.createHelp().subcommandTerm(command)).toBe(`${name} ${takes}`.trim())
    expect(command.description()).toBe(description)
  })
})
