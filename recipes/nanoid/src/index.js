export { customAlphabet, nanoid } from 'nanoid'
