import type { Command, Option } from 'commander'
import { isAccountName } from '../model/account-name.ts'
import { AuthError } from '../model/errors.ts'
import type { Ports } from '../model/ports.ts'
import { STORAGE_CHOICES } from '../model/storage-kind.ts'
import { cleanLine } from '../model/untrusted.ts'
import { allProviders } from '../providers/registry.ts'
import { SETTING_KEYS } from '../providers/setting-rules.ts'
import { SET_KEYS } from './set.ts'

/** What a word may become, and what that is. */
export interface Candidate {
  readonly word: string
  readonly what: string
}

type Source = (ports: Ports, before: readonly string[]) => readonly Candidate[]

/** By the name of an argument or option in the help, so that a new command is completed as the others are. */
const SOURCES: Readonly<Record<string, Source>> = {
  name: accounts,
  old: accounts,
  'name-or-provider': (ports) => [...accounts(ports), ...providers(ports)],
  'name -- command': (ports) => [...accounts(ports), ...providers(ports)],
  provider: providers,
  id: providers,
  'key=value': () => SET_KEYS.map(({ key, expected }) => ({ word: `${key}=`, what: expected })),
  key: settings,
  '--mode': modes,
  '--storage': () =>
    STORAGE_CHOICES.split(' | ').map((word) => ({ word: word.replace('<program>', ''), what: 'storage' })),
}

/** What a shell takes as it is; a name in a file that was written by hand may hold anything. */
const PLAIN_WORD = /^[A-Za-z0-9._@+=:/-]+$/

/** The candidates for a word, from the commands and flags themselves and from the files in the home folder. */
export function wordsToComplete(
  program: Command,
  ports: Ports,
  before: readonly string[],
  partial: string,
): Candidate[] {
  const [name, value] = /^(--[a-z-]+)=(.*)$/.exec(partial)?.slice(1) ?? []
  const { command, count, waiting, isOver } = walk(program, before)
  if (isOver) return []
  const option = name === undefined ? waiting : optionOf(command, name)
  const found =
    option !== undefined
      ? ofOption(option, ports, before).map(({ word, what }) => ({
          word: value === undefined ? word : `${name ?? ''}=${word}`,
          what,
        }))
      : partial.startsWith('-')
        ? flags(command)
        : [...subcommands(command), ...ofArgument(command, count, ports, before)]
  return found.filter(({ word }) => word.startsWith(partial) && PLAIN_WORD.test(word))
}

interface Place {
  readonly command: Command
  /** How many words of its own the command has been given. */
  readonly count: number
  /** The option whose value comes next. */
  readonly waiting: Option | undefined
  /** What follows belongs to another program. */
  readonly isOver: boolean
}

function walk(program: Command, before: readonly string[]): Place {
  let place: Place = { command: program, count: 0, waiting: undefined, isOver: false }
  for (const word of before) {
    const { command, count, waiting } = place
    const option = waiting === undefined && word.startsWith('-') ? optionOf(command, word) : undefined
    const inner = waiting === undefined ? command.commands.find((each) => each.name() === word) : undefined
    if (word === '--') return { ...place, isOver: true }
    if (inner !== undefined) place = { command: inner, count: 0, waiting: undefined, isOver: false }
    else if (option?.required === true) place = { ...place, waiting: option }
    else
      place = { ...place, waiting: undefined, count: waiting !== undefined || word.startsWith('-') ? count : count + 1 }
  }
  return place
}

function allOptions(command: Command): readonly Option[] {
  const help = command.createHelp()
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
}

function optionOf(command: Command, flag: string): Option | undefined {
  return allOptions(command).find((option) => option.long === flag || option.short === flag)
}

function flags(command: Command): Candidate[] {
  return allOptions(command).flatMap(({ long, description }) =>
    long === undefined ? [] : [{ word: long, what: cleanLine(description) }],
  )
}

function subcommands(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command)
  return visible.map((each) => ({ word: each.name(), what: cleanLine(each.description()) }))
}

function ofOption(option: Option, ports: Ports, before: readonly string[]): readonly Candidate[] {
  const choices = option.argChoices?.map((word) => ({ word, what: cleanLine(option.description) }))
  return choices ?? SOURCES[option.long ?? '']?.(ports, before) ?? []
}

function ofArgument(command: Command, count: number, ports: Ports, before: readonly string[]): readonly Candidate[] {
  const { registeredArguments: all } = command
  const last = all.at(-1)
  const argument = all[count] ?? (last?.variadic === true ? last : undefined)
  const choices = argument?.argChoices?.map((word) => ({ word, what: cleanLine(argument.description) }))
  return choices ?? SOURCES[argument?.name() ?? '']?.(ports, before) ?? []
}

function accounts(ports: Ports): Candidate[] {
  const known = unless(() => ports.authFile.read()?.accounts) ?? []
  return known.flatMap(({ name, provider, mode }) =>
    isAccountName(name) ? [{ word: name, what: cleanLine(`${provider}/${mode}`) }] : [],
  )
}

function providers(ports: Ports): Candidate[] {
  return rows(ports).flatMap(({ id, title }, index, all) =>
    all.findIndex((row) => row.id === id) === index ? [{ word: id, what: cleanLine(title) }] : [],
  )
}

/** Those of a provider that was named, else all. */
function modes(ports: Ports, before: readonly string[]): Candidate[] {
  const all = rows(ports)
  const named = all.filter(({ id }) => before.includes(id))
  return (named.length === 0 ? all : named).map(({ mode, title }) => ({ word: mode, what: cleanLine(title) }))
}

function settings(ports: Ports): Candidate[] {
  const ids = providers(ports).map(({ word }) => word)
  return SETTING_KEYS.flatMap((key) => {
    if (key.includes('<mode>')) return []
    return key.includes('<id>') ? ids.map((id) => key.replace('<id>', id)) : [key]
  }).map((word) => ({ word, what: 'setting' }))
}

function rows(ports: Ports) {
  return unless(() => allProviders(ports.settings.read())) ?? []
}

/** A file that cannot be read has no names; who runs a command is told why. */
function unless<T>(reading: () => T): T | undefined {
  try {
    return reading()
  } catch (error) {
    if (error instanceof AuthError) return undefined
    throw error
  }
}
