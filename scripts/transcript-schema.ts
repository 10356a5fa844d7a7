// Writes the JSON Schema of transcripts: node scripts/run.mjs scripts/transcript-schema.ts [FILE]
import { writeFileSync } from 'node:fs'
import { transcriptJsonSchema } from '../src/trace/transcript.ts'

const [file = 'src/trace/transcript.schema.json'] = process.argv.slice(2)
writeFileSync(file, `${JSON.stringify(transcriptJsonSchema(), null, 2)}\n`)
