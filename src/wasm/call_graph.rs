//! The call graph of a wasm file, from its code section.
//!
//! The code is read as a stream, one function body at a time, and only edges are kept. Indirect calls lead to
//! a type, and from there to each function of that type, so that the edges stay few.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use wasmparser::{
    CompositeInnerType, CompositeType, ConstExpr, ElementItems, ElementSectionReader, FuncType, FunctionBody,
    FunctionSectionReader, GlobalSectionReader, HeapType, ImportSectionReader, Operator, RefType,
    SectionLimited, SubType, TableInit, TableSectionReader, TypeRef, UnpackedIndex, ValType,
};

use super::WasmError;
use super::sections::{Content, Section, SectionReader, id};

/// The maximum number of calls from one frame to the next. The functions in between were inlined or left by a tail
/// call, or a sample was taken before they had a frame.
const MAX_CALLS: usize = 4;

/// The maximum number of indirect calls among them.
const MAX_INDIRECT_CALLS: usize = 2;

/// Function bodies larger than this, in bytes, are not read.
const MAX_BODY_SIZE: u32 = 8 << 20;

/// Which function can call which. Functions are numbered by index, imported ones first.
#[derive(Debug, Default)]
pub(crate) struct CallGraph {
    imported: usize,
    functions: usize,
    types: usize,
    /// Caller and callee of each direct call.
    calls: Vec<(u32, u32)>,
    /// Caller and type of each indirect call.
    indirect_calls: Vec<(u32, u32)>,
    /// Type and callee: what an indirect call can reach.
    targets: Vec<(u32, u32)>,
}

/// The pairs whose callee a function reaches without an indirect call, with at most one, and so on. Each pair is
/// a bit.
type Reached = [u64; MAX_INDIRECT_CALLS + 1];

impl CallGraph {
    /// Reads the call graph of a wasm file. `None` if the file is malformed or has no code or no calls, if a
    /// function body is too large, or if there are types other than plain functions.
    pub(super) fn read(file: File) -> Option<Self> {
        Self::from_sections(SectionReader::of_file(file).ok()?)
    }

    fn from_sections<R: Read>(sections: SectionReader<R>) -> Option<Self> {
        let graph = Builder::default().build(sections).ok()?;
        let has_calls = !graph.calls.is_empty() || !graph.indirect_calls.is_empty();
        has_calls.then_some(graph)
    }

    /// The number of imported functions.
    pub(crate) fn imported_functions(&self) -> usize {
        self.imported
    }

    /// The number of functions, imported and defined.
    pub(crate) fn functions(&self) -> usize {
        self.functions
    }

    /// How many of `pairs` are possible: a path of 1 to [`MAX_CALLS`] calls, at most [`MAX_INDIRECT_CALLS`] of them
    /// indirect, leads from the first function to the second. The two differ; both are indices among the defined
    /// functions.
    pub(crate) fn count_possible(&self, pairs: &[[u32; 2]]) -> usize {
        pairs.chunks(u64::BITS as usize).map(|pairs| self.count_possible_64(pairs)).sum()
    }

    /// Follows all calls back from the callees of up to 64 pairs at once, so that the time depends only on the
    /// number of edges.
    fn count_possible_64(&self, pairs: &[[u32; 2]]) -> usize {
        let mut reached = vec![Reached::default(); self.functions];
        for (bit, &[_, callee]) in pairs.iter().enumerate() {
            if let Some(reached) = reached.get_mut(self.imported + callee as usize) {
                merge(reached, &[1 << bit; MAX_INDIRECT_CALLS + 1]);
            }
        }
        for _ in 0..MAX_CALLS {
            reached = self.add_callers(&reached);
        }
        let is_possible = |bit: usize, caller: u32| {
            let reached = reached.get(self.imported + caller as usize);
            reached.is_some_and(|reached| reached[MAX_INDIRECT_CALLS] >> bit & 1 == 1)
        };
        pairs.iter().enumerate().filter(|&(bit, &[caller, _])| is_possible(bit, caller)).count()
    }

    /// What the functions reach with one more call than in `reached`.
    fn add_callers(&self, reached: &[Reached]) -> Vec<Reached> {
        let mut more = reached.to_vec();
        for &(caller, callee) in &self.calls {
            merge(&mut more[caller as usize], &reached[callee as usize]);
        }
        let mut by_type = vec![Reached::default(); self.types];
        for &(ty, callee) in &self.targets {
            merge(&mut by_type[ty as usize], &reached[callee as usize]);
        }
        for &(caller, ty) in &self.indirect_calls {
            merge(&mut more[caller as usize][1..], &by_type[ty as usize]);
        }
        more
    }
}

fn merge(reached: &mut [u64], more: &[u64]) {
    for (reached, more) in reached.iter_mut().zip(more) {
        *reached |= more;
    }
}

/// The call graph cannot be read.
#[derive(Debug)]
struct Unreadable;

impl From<WasmError> for Unreadable {
    fn from(_: WasmError) -> Self {
        Self
    }
}

impl From<wasmparser::Error> for Unreadable {
    fn from(_: wasmparser::Error) -> Self {
        Self
    }
}

/// A call graph under construction.
#[derive(Debug, Default)]
struct Builder {
    types: Types,
    functions: Vec<Function>,
    graph: CallGraph,
}

#[derive(Debug)]
struct Function {
    ty: u32,
    /// Whether a reference to the function can exist.
    is_referenced: bool,
}

impl Builder {
    fn build<R: Read>(mut self, mut sections: SectionReader<R>) -> Result<CallGraph, Unreadable> {
        let mut previous = 0;
        while let Some(section) = sections.next()? {
            match section.id {
                // The sections that are read must come in the order of their ids, and once.
                id::TYPE | id::IMPORT | id::FUNCTION | id::TABLE | id::GLOBAL | id::ELEMENT | id::CODE
                    if section.id <= previous =>
                {
                    return Err(Unreadable);
                }
                id::TYPE => self.types.read(&sections.content(section)?)?,
                id::IMPORT => self.read_imports(&sections.content(section)?)?,
                id::FUNCTION => self.read_functions(&sections.content(section)?)?,
                id::TABLE => self.read_tables(&sections.content(section)?)?,
                id::GLOBAL => self.read_globals(&sections.content(section)?)?,
                id::ELEMENT => self.read_elements(&sections.content(section)?)?,
                id::CODE => {
                    self.read_code(&mut sections, section)?;
                    return Ok(self.finish());
                }
                _ => {
                    sections.skip(section)?;
                    continue;
                }
            }
            previous = section.id;
        }
        Err(Unreadable)
    }

    fn finish(self) -> CallGraph {
        let targets = (0..).zip(&self.functions).filter(|(_, function)| function.is_referenced);
        CallGraph {
            functions: self.functions.len(),
            types: self.types.by_type.len(),
            targets: targets.map(|(index, function)| (function.ty, index)).collect(),
            ..self.graph
        }
    }

    fn read_imports(&mut self, section: &Content) -> Result<(), Unreadable> {
        for import in ImportSectionReader::new(section.reader())?.into_imports() {
            if let TypeRef::Func(ty) | TypeRef::FuncExact(ty) = import?.ty {
                self.add_function(ty)?;
            }
        }
        self.graph.imported = self.functions.len();
        Ok(())
    }

    fn read_functions(&mut self, section: &Content) -> Result<(), Unreadable> {
        for ty in FunctionSectionReader::new(section.reader())? {
            self.add_function(ty?)?;
        }
        Ok(())
    }

    fn add_function(&mut self, ty: u32) -> Result<(), Unreadable> {
        self.functions.push(Function { ty: self.types.get(ty)?, is_referenced: false });
        Ok(())
    }

    fn read_tables(&mut self, section: &Content) -> Result<(), Unreadable> {
        for table in TableSectionReader::new(section.reader())? {
            if let TableInit::Expr(expression) = table?.init {
                self.read_expression(&expression)?;
            }
        }
        Ok(())
    }

    fn read_globals(&mut self, section: &Content) -> Result<(), Unreadable> {
        for global in GlobalSectionReader::new(section.reader())? {
            self.read_expression(&global?.init_expr)?;
        }
        Ok(())
    }

    fn read_elements(&mut self, section: &Content) -> Result<(), Unreadable> {
        for element in ElementSectionReader::new(section.reader())? {
            match element?.items {
                ElementItems::Functions(functions) => {
                    for function in functions {
                        self.add_reference(function?)?;
                    }
                }
                ElementItems::Expressions(_, expressions) => {
                    for expression in expressions {
                        self.read_expression(&expression?)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn read_expression(&mut self, expression: &ConstExpr<'_>) -> Result<(), Unreadable> {
        for operator in expression.get_operators_reader() {
            if let Operator::RefFunc { function_index } = operator? {
                self.add_reference(function_index)?;
            }
        }
        Ok(())
    }

    fn add_reference(&mut self, function: u32) -> Result<(), Unreadable> {
        self.functions.get_mut(function as usize).ok_or(Unreadable)?.is_referenced = true;
        Ok(())
    }

    fn read_code<R: Read>(
        &mut self,
        sections: &mut SectionReader<R>,
        section: Section,
    ) -> Result<(), Unreadable> {
        let end = sections.offset() + section.size;
        let bodies = sections.read_var_u32(section.start)?;
        if bodies as usize != self.functions.len() - self.graph.imported {
            return Err(Unreadable);
        }
        for function in self.graph.imported..self.functions.len() {
            let size = sections.read_var_u32(section.start)?;
            if size > MAX_BODY_SIZE {
                return Err(Unreadable);
            }
            let body = sections.content(Section { size: size.into(), ..section })?;
            self.read_body(u32::try_from(function).map_err(|_| Unreadable)?, &body)?;
        }
        if sections.offset() == end { Ok(()) } else { Err(Unreadable) }
    }

    fn read_body(&mut self, function: u32, body: &Content) -> Result<(), Unreadable> {
        let mut callees = Vec::new();
        let mut called_types = Vec::new();
        let mut operators = FunctionBody::new(body.reader()).get_operators_reader()?;
        while !operators.eof() {
            match operators.read()? {
                Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                    callees.push(function_index);
                }
                Operator::CallIndirect { type_index, .. }
                | Operator::ReturnCallIndirect { type_index, .. }
                | Operator::CallRef { type_index }
                | Operator::ReturnCallRef { type_index } => called_types.push(self.types.get(type_index)?),
                Operator::RefFunc { function_index } => self.add_reference(function_index)?,
                _ => {}
            }
        }
        operators.finish()?;
        if callees.iter().any(|&callee| callee as usize >= self.functions.len()) {
            return Err(Unreadable);
        }
        add_edges(&mut self.graph.calls, function, callees);
        add_edges(&mut self.graph.indirect_calls, function, called_types);
        Ok(())
    }
}

fn add_edges(edges: &mut Vec<(u32, u32)>, from: u32, mut to: Vec<u32>) {
    to.sort_unstable();
    to.dedup();
    edges.extend(to.into_iter().map(|to| (from, to)));
}

/// The types of a module. Equal types have the same number.
#[derive(Debug, Default)]
struct Types {
    /// The number of each type index.
    numbers: Vec<u32>,
    /// The number of each type.
    by_type: HashMap<FuncType, u32>,
}

impl Types {
    fn read(&mut self, section: &Content) -> Result<(), Unreadable> {
        // A recursion group is no `SubType`, and so malformed here.
        for ty in SectionLimited::<SubType>::new(section.reader())? {
            self.add(&ty?)?;
        }
        Ok(())
    }

    fn add(&mut self, ty: &SubType) -> Result<(), Unreadable> {
        let SubType {
            is_final: true,
            supertype_idxs,
            composite_type:
                CompositeType {
                    inner: CompositeInnerType::Func(function),
                    shared: false,
                    descriptor_idx: None,
                    describes_idx: None,
                },
        } = ty
        else {
            return Err(Unreadable);
        };
        if !supertype_idxs.is_empty() {
            return Err(Unreadable);
        }
        let params = self.canonical(function.params())?;
        let results = self.canonical(function.results())?;
        let next = u32::try_from(self.by_type.len()).map_err(|_| Unreadable)?;
        self.numbers.push(*self.by_type.entry(FuncType::new(params, results)).or_insert(next));
        Ok(())
    }

    /// `types` with numbers instead of type indices, so that equal types are equal.
    fn canonical(&self, types: &[ValType]) -> Result<Vec<ValType>, Unreadable> {
        let canonical = |&ty| {
            let ValType::Ref(reference) = ty else { return Ok(ty) };
            let index = match reference.heap_type() {
                HeapType::Abstract { .. } => return Ok(ty),
                HeapType::Concrete(UnpackedIndex::Module(index)) => index as usize,
                _ => return Err(Unreadable),
            };
            let number = match self.numbers.get(index) {
                Some(&number) => UnpackedIndex::Module(number),
                // A type can refer to itself, but not to a later one.
                None if index == self.numbers.len() => UnpackedIndex::RecGroup(0),
                None => return Err(Unreadable),
            };
            let reference = RefType::new(reference.is_nullable(), HeapType::Concrete(number));
            reference.map(ValType::Ref).ok_or(Unreadable)
        };
        types.iter().map(canonical).collect()
    }

    /// The number of the type with this index.
    fn get(&self, index: u32) -> Result<u32, Unreadable> {
        self.numbers.get(index as usize).copied().ok_or(Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use wasm_encoder::Encode;

    use super::*;

    fn read(input: impl Read) -> Option<CallGraph> {
        CallGraph::from_sections(SectionReader::of_stream(input).ok()?)
    }

    fn graph(module: &str) -> Option<CallGraph> {
        read(&*wat::parse_str(module).unwrap())
    }

    fn is_possible(graph: &CallGraph, pair: [u32; 2]) -> bool {
        graph.count_possible(&[pair]) == 1
    }

    /// A module in which each function calls the next: `d` directly, `i` indirectly. All have different types.
    fn chain(path: &str) -> String {
        let params = |function: usize| format!("(param{})", " i32".repeat(function));
        let mut module = format!("(module (table funcref (elem{}))", {
            let functions = 0..=path.len();
            functions.map(|function| format!(" {function}")).collect::<String>()
        });
        for (function, call) in path.bytes().enumerate() {
            let callee = function + 1;
            let call = match call {
                b'd' => format!("call {callee}"),
                _ => format!("i32.const 0 call_indirect {}", params(callee)),
            };
            module += &format!("(func {} unreachable {call})", params(function));
        }
        module + &format!("(func {}))", params(path.len()))
    }

    #[test]
    fn paths_have_up_to_four_calls_two_of_them_indirect() {
        for path in ["d", "i", "dd", "ii", "dddd", "iidd", "ddii", "diid", "iddi", "idid", "didi", "dddi"] {
            let graph = graph(&chain(path)).unwrap();
            assert!(is_possible(&graph, [0, u32::try_from(path.len()).unwrap()]), "{path}");
        }
        for path in ["ddddd", "iii", "diii", "iidi", "iiii", "ddidd"] {
            let graph = graph(&chain(path)).unwrap();
            assert!(!is_possible(&graph, [0, u32::try_from(path.len()).unwrap()]), "{path}");
        }
    }

    #[test]
    fn shorter_paths_and_fewer_indirect_calls_are_possible() {
        // 0 reaches 4 by two indirect calls early, or by three direct calls late; from there it is one indirect call.
        let graph = graph(
            "(module
               (type $a (func)) (type $b (func (param i32))) (type $c (func (param i64)))
               (table funcref (elem $1 $4 $5))
               (func $0 (call_indirect (type $b) (unreachable)) (call $2))
               (func $1 (type $b) (call_indirect (type $a) (unreachable)))
               (func $2 (call $3))
               (func $3 (call $4))
               (func $4 (type $a) (call_indirect (type $c) (unreachable)))
               (func $5 (type $c)))",
        )
        .unwrap();
        assert!(is_possible(&graph, [0, 4]));
        assert!(is_possible(&graph, [0, 5]));
        assert!(is_possible(&graph, [1, 5]));
        assert!(!is_possible(&graph, [5, 0]));
    }

    #[test]
    fn every_call_instruction_counts() {
        for (call, possible) in [
            ("call $callee", true),
            ("return_call $callee", true),
            ("(call_indirect (type $t) (i32.const 0))", true),
            ("(return_call_indirect (type $t) (i32.const 0))", true),
            ("(call_ref $t (ref.null $t))", true),
            ("(return_call_ref $t (ref.null $t))", true),
            ("block loop i32.const 1 if call $callee end end end", true),
            ("call 0", false),
            ("(call_indirect (type $other) (i64.const 0) (i32.const 0))", false),
            ("ref.func $callee drop call 0", false),
            ("call_indirect $no_functions (type $t) (i32.const 0)", true),
        ] {
            let module = format!(
                "(module (type $t (func)) (type $other (func (param i64)))
                   (table funcref (elem $callee)) (table $no_functions 1 funcref)
                   (func {call}) (func $callee (type $t)))",
            );
            assert_eq!(is_possible(&graph(&module).unwrap(), [0, 1]), possible, "{call}");
        }
    }

    #[test]
    fn indirect_calls_reach_referenced_functions() {
        for (reference, possible) in [
            ("(table funcref (elem $callee))", true),
            ("(table 1 funcref) (elem (i32.const 0) $callee)", true),
            ("(table 1 funcref) (elem (i32.const 0) funcref (ref.func $callee))", true),
            ("(elem func $callee)", true),
            ("(elem funcref (ref.null func) (item ref.func $callee))", true),
            ("(elem declare func $callee)", true),
            ("(elem declare funcref (ref.func $callee))", true),
            ("(table 1 funcref (ref.func $callee))", true),
            ("(global funcref (ref.func $callee))", true),
            ("(func (drop (ref.func $callee)))", true),
            ("(table 1 funcref)", false),
            ("(elem func 0) (global funcref (ref.null func))", false),
            (r#"(export "callee" (func $callee))"#, false),
            ("(start $callee)", false),
        ] {
            let module = format!(
                "(module (type $t (func)) (table $t 1 funcref)
                   (func (param i32) (call_indirect $t (type $t) (i32.const 0))) (func $callee (type $t))
                   {reference})",
            );
            assert_eq!(is_possible(&graph(&module).unwrap(), [0, 1]), possible, "{reference}");
        }
    }

    #[test]
    fn types_are_compared_by_structure() {
        for (types, same) in [
            ("(type $a (func)) (type $b (func))", true),
            (
                "(type $a (func (param i32 f64) (result v128))) (type $b (func (param i32 f64) (result v128)))",
                true,
            ),
            ("(type $a (func (param i32))) (type $b (func (result i32)))", false),
            ("(type $a (func (param i32 i64))) (type $b (func (param i64 i32)))", false),
            ("(type $a (func (param funcref))) (type $b (func (param externref)))", false),
            ("(type $a (func (param (ref func)))) (type $b (func (param (ref null func))))", false),
            // References to equal types, to different types, and to themselves.
            (
                "(type $x (func)) (type $y (func))
                 (type $a (func (param (ref $x)))) (type $b (func (param (ref $y))))",
                true,
            ),
            (
                "(type $x (func)) (type $a (func (param (ref $x)))) (type $b (func (param (ref null $x))))",
                false,
            ),
            (
                "(type $x (func)) (type $y (func (param i32)))
                 (type $a (func (param (ref $x)))) (type $b (func (param (ref $y))))",
                false,
            ),
            (
                "(type $w (func (result i32))) (type $x (func (result i32)))
                 (type $y (func (param (ref $w)))) (type $z (func (param (ref $x))))
                 (type $a (func (result (ref $y)))) (type $b (func (result (ref $z))))",
                true,
            ),
            ("(type $a (func (param (ref $a)))) (type $b (func (param (ref $b))))", true),
            ("(type $a (func (param (ref $a)))) (type $b (func (param (ref $a))))", false),
        ] {
            let module = format!(
                "(module {types} (table funcref (elem $callee))
                   (func (param f32) (unreachable) (call_indirect (type $a))) (func $callee (type $b) (unreachable)))",
            );
            assert_eq!(is_possible(&graph(&module).unwrap(), [0, 1]), same, "{types}");
        }
    }

    #[test]
    fn pairs_count_defined_functions_only() {
        let graph = graph(
            r#"(module
                 (import "" "f" (func $f)) (import "" "m" (memory 1)) (import "" "g" (func $g))
                 (func $0 (call $1) (call $f)) (func $1 (call $f)))"#,
        )
        .unwrap();
        assert_eq!((graph.imported_functions(), graph.functions()), (2, 4));
        assert!(is_possible(&graph, [0, 1]));
        assert!(!is_possible(&graph, [1, 0]));
        assert!(!is_possible(&graph, [0, 2]), "no such function");
        assert!(!is_possible(&graph, [u32::MAX, 0]), "no such function");
    }

    #[test]
    fn any_number_of_pairs_is_counted() {
        // Function 0 calls the odd ones.
        let calls: String = (1..300).step_by(2).map(|callee| format!("call {callee} ")).collect();
        let graph = graph(&format!("(module (func {calls}) {})", "(func)".repeat(299))).unwrap();
        let pairs: Vec<_> = (1..300).map(|callee| [0, callee]).collect();
        for count in [0, 1, 2, 63, 64, 65, 128, 299] {
            assert_eq!(graph.count_possible(&pairs[..count]), count.div_ceil(2), "{count} pairs");
        }
    }

    #[test]
    fn modules_without_calls_or_with_other_types_have_no_call_graph() {
        for (what, module) in [
            ("an empty module", "(module)"),
            ("imports only", r#"(module (import "" "" (func)))"#),
            ("no calls", "(module (func) (func ref.func 0 drop) (elem declare func 0))"),
            ("a struct", "(module (type (struct)) (func call 0))"),
            ("an array", "(module (type (array i8)) (func call 0))"),
            ("a type with subtypes", "(module (type (sub (func))) (func call 0))"),
            ("a subtype", "(module (type $a (sub (func))) (type (sub final $a (func))) (func call 0))"),
            ("a recursion group", "(module (rec (type (func)) (type (func))) (func call 0))"),
            ("a continuation", "(module (type $f (func)) (type (cont $f)) (func call 0))"),
            ("a shared type", "(module (type (shared (func))) (func call 0))"),
        ] {
            assert!(graph(module).is_none(), "{what}");
        }
        assert!(graph("(module (func call 0))").is_some(), "a call");
        assert!(graph(r#"(module (import "" "" (func)) (func call 0))"#).is_some(), "a call of an import");
        let indirect = "(module (table 1 funcref) (func (call_indirect (i32.const 0))))";
        assert!(graph(indirect).is_some(), "an indirect call that reaches nothing");
    }

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id];
        content.encode(&mut section);
        section
    }

    fn leb128(number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        number.encode(&mut bytes);
        bytes
    }

    /// A module whose functions have the type of index 0.
    fn module(functions: usize, sections: &[Vec<u8>]) -> Vec<u8> {
        let types = section(1, b"\x01\x60\0\0");
        let functions = section(3, &[leb128(functions), vec![0; functions]].concat());
        [b"\0asm\x01\0\0\0".to_vec(), types, functions, sections.concat()].concat()
    }

    fn body(instructions: &[u8]) -> Vec<u8> {
        [&*leb128(instructions.len() + 2), b"\0", instructions, b"\x0b"].concat()
    }

    const CALL_0: &[u8] = b"\x10\0";

    #[test]
    fn malformed_code_has_no_call_graph() {
        let code = |content: &[u8]| section(10, content);
        let call = body(CALL_0);
        assert!(read(&*module(1, &[code(&[b"\x01", &*call].concat())])).is_some());
        for (what, functions, content) in [
            ("no entries", 0, &b"\0"[..]),
            ("an entry too few", 2, &[b"\x01", &*call].concat()),
            ("an entry too many", 1, &[b"\x02", &*call, &call].concat()),
            ("more entries than are there", 2, &[b"\x02", &*call].concat()),
            ("the most entries", 1, &[b"\xff\xff\xff\xff\x0f", &*call].concat()),
            ("a count of six bytes", 1, &[b"\x81\x80\x80\x80\x80\0", &*call].concat()),
            ("bytes after the last entry", 1, &[b"\x01", &*call, b"\0"].concat()),
            ("a body that ends early", 1, b"\x01\x04\0\x0b\x10\0"),
            ("a body longer than the section", 1, b"\x01\x05\0\x10\0\x0b"),
            ("a body shorter than its code", 1, b"\x01\x03\0\x10\0\x0b"),
            ("an empty body", 1, b"\x01\0"),
            ("a body of the largest size", 1, b"\x01\xff\xff\xff\xff\x0f\0\x10\0\x0b"),
            ("more locals than are there", 1, b"\x01\x08\xff\xff\xff\xff\x0f\x10\0\x0b"),
            ("a block without an end", 1, &[b"\x01", &*body(b"\x10\0\x02\x40")].concat()),
            ("an unknown instruction", 1, &[b"\x01", &*body(b"\x10\0\xff")].concat()),
            ("a function that is not there", 1, &[b"\x01", &*body(b"\x10\x01")].concat()),
            ("a type that is not there", 1, &[b"\x01", &*body(b"\x41\0\x11\x01\0")].concat()),
            ("a reference to no function", 1, &[b"\x01", &*body(b"\x10\0\xd2\x01\x1a")].concat()),
        ] {
            assert!(read(&*module(functions, &[code(content)])).is_none(), "{what}");
        }
    }

    #[test]
    fn sections_out_of_order_have_no_call_graph() {
        let code = section(10, &[b"\x01", &*body(CALL_0)].concat());
        let elements = section(9, b"\x01\x01\0\x01\0");
        let table = section(4, b"\x01\x70\0\x01");
        let name = section(0, b"\x04name");
        let read =
            |sections: &[&Vec<u8>]| read(&*module(1, &sections.iter().copied().cloned().collect::<Vec<_>>()));
        assert!(read(&[&name, &table, &elements, &name, &code]).is_some());
        for (what, sections) in [
            ("elements before tables", &[&elements, &table, &code][..]),
            ("two element sections", &[&elements, &elements, &code]),
            ("types after the functions", &[&section(1, b"\x01\x60\0\0"), &code]),
            ("two function sections", &[&section(3, b"\x01\0"), &code]),
            ("no code", &[&table, &elements]),
        ] {
            assert!(read(sections).is_none(), "{what}");
        }
    }

    #[test]
    fn bodies_of_more_than_8_mib_are_not_read() {
        let most = 8 << 20;
        for (size, is_read) in [(most, true), (most + 1, false), (64 << 20, false)] {
            // No-ops; endless if the body is too large.
            let start = [b"\x01", &*leb128(size), b"\0\x10\0"].concat();
            let header = [&[10], &*leb128(start.len() + size - 3)].concat();
            let rest = if is_read { size as u64 - 4 } else { u64::MAX };
            let module = [module(1, &[]), header, start].concat();
            let code = io::repeat(1).take(rest).chain(&b"\x0b"[..]);
            assert_eq!(read(module.chain(code)).is_some(), is_read, "{size} bytes");
        }
    }

    #[test]
    fn blocks_may_be_nested_to_any_depth() {
        let depth = 2_000_000;
        let nested = [&*b"\x02\x40".repeat(depth), CALL_0, &*b"\x0b".repeat(depth)].concat();
        assert!(read(&*module(1, &[section(10, &[b"\x01", &*body(&nested)].concat())])).is_some());
    }

    #[test]
    fn truncated_and_changed_modules_do_not_panic() {
        let module = wat::parse_str(
            r#"(module
                 (type (func)) (type (func (param (ref 0))))
                 (import "" "" (func)) (table 2 funcref (ref.func 1)) (global funcref (ref.func 2))
                 (elem (i32.const 0) 1 2) (elem funcref (ref.func 0))
                 (func (call 2)) (func (call_indirect (type 0) (i32.const 0)))
                 (func (type 1) (call_ref 0 (local.get 0))))"#,
        )
        .unwrap();
        let whole = read(&*module).unwrap();
        assert_eq!(whole.count_possible(&[[0, 1], [1, 0], [2, 0], [0, 2]]), 3);
        for end in 0..module.len() {
            assert!(read(&module[..end]).is_none(), "cut at {end}");
        }
        for at in 0..module.len() {
            for byte in 0..=u8::MAX {
                let mut changed = module.clone();
                changed[at] = byte;
                if let Some(graph) = read(&*changed) {
                    assert!(graph.count_possible(&[[0, 1], [1, 0], [2, 0], [0, 2]]) <= 4);
                }
            }
        }
    }
}
