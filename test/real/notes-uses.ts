/** Notes uses in the home that it is told: `<home> <how many> <program>`. A process for itself. */
import { noteUse } from '../../src/system/note-use.ts'

const [home = '', count = '', program = ''] = process.argv.slice(2)
for (let noted = 0; noted < Number(count); noted++) {
  noteUse(home, { accountId: 'id', at: new Date().toISOString(), program, pid: process.pid, fingerprint: `f${noted}` })
}
