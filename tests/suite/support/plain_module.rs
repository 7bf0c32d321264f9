//! Random modules whose functions call each other, and a plain reference for the calls that are possible in them,
//! written from the specification.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementMode, ElementSection, ElementSegment, Elements, EntityType, Function,
    FunctionSection, GlobalSection, GlobalType, HeapType, ImportSection, Instruction, MemoryType, Module,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// The maximum number of calls in a path, and of indirect ones.
const MAX_CALLS: usize = 4;
const MAX_INDIRECT_CALLS: usize = 2;

/// The content of a module. Any number is a function or type: modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) struct PlainModule {
    types: Vec<Type>,
    /// The types of the imported functions.
    imports: Vec<u32>,
    /// The types of the defined functions, and their instructions.
    functions: Vec<(u32, Vec<Plain>)>,
    references: Vec<Reference>,
}

/// A function type: whether each parameter is an `i64` or an `i32`, and perhaps a last one, a reference (whether it
/// is nullable) to an earlier type or to the type itself.
#[derive(Clone, Debug)]
struct Type {
    params: Vec<bool>,
    reference: Option<(bool, u32)>,
}

/// An instruction, with its function or type.
#[derive(Clone, Copy, Debug)]
enum Plain {
    Call(u32),
    ReturnCall(u32),
    CallIndirect(u32),
    ReturnCallIndirect(u32),
    CallRef(u32),
    ReturnCallRef(u32),
    RefFunc(u32),
    Other,
}

/// References to functions outside of code.
#[derive(Clone, Debug)]
struct Reference {
    place: Place,
    as_expressions: bool,
    functions: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    ActiveElements,
    ActiveElementsOfTable,
    PassiveElements,
    DeclaredElements,
    Tables,
    Globals,
}

pub(crate) fn plain_module() -> impl Strategy<Value = PlainModule> {
    let number = any::<u32>;
    let ty = (vec(any::<bool>(), 0..2), option::weighted(0.6, (any::<bool>(), number())));
    let ty = ty.prop_map(|(params, reference)| Type { params, reference });
    let instruction = prop_oneof![
        3 => number().prop_map(Plain::Call),
        1 => number().prop_map(Plain::ReturnCall),
        3 => number().prop_map(Plain::CallIndirect),
        1 => number().prop_map(Plain::ReturnCallIndirect),
        1 => number().prop_map(Plain::CallRef),
        1 => number().prop_map(Plain::ReturnCallRef),
        1 => number().prop_map(Plain::RefFunc),
        1 => Just(Plain::Other),
    ];
    let function = (number(), vec(instruction, 0..3));
    let place = prop_oneof![
        Just(Place::ActiveElements),
        Just(Place::ActiveElementsOfTable),
        Just(Place::PassiveElements),
        Just(Place::DeclaredElements),
        Just(Place::Tables),
        Just(Place::Globals),
    ];
    let reference = (place, any::<bool>(), vec(number(), 0..8));
    let reference = reference.prop_map(|(place, as_expressions, functions)| Reference {
        place,
        as_expressions,
        functions,
    });
    (vec(ty, 1..10), vec(number(), 0..3), vec(function, 5..14), vec(reference, 0..5)).prop_map(
        |(types, imports, functions, references)| PlainModule { types, imports, functions, references },
    )
}

impl PlainModule {
    pub(crate) fn defined_functions(&self) -> u32 {
        count(&self.functions)
    }

    fn function(&self, number: u32) -> u32 {
        number % (count(&self.imports) + count(&self.functions))
    }

    fn ty(&self, number: u32) -> u32 {
        number % count(&self.types)
    }

    pub(crate) fn has_calls(&self) -> bool {
        let instructions = self.functions.iter().flat_map(|(_, instructions)| instructions);
        instructions.into_iter().any(|instruction| !matches!(instruction, Plain::RefFunc(_) | Plain::Other))
    }

    /// Whether a path of calls leads from one defined function to another.
    pub(crate) fn has_path(&self, from: u32, to: u32) -> bool {
        let imported = count(&self.imports);
        self.has_path_of(imported + from, imported + to, MAX_CALLS, MAX_INDIRECT_CALLS)
    }

    fn has_path_of(&self, from: u32, to: u32, calls: usize, indirect: usize) -> bool {
        calls > 0
            && self.callees(from).into_iter().any(|(callee, is_indirect)| {
                (!is_indirect || indirect > 0)
                    && (callee == to
                        || self.has_path_of(callee, to, calls - 1, indirect - usize::from(is_indirect)))
            })
    }

    /// The functions that a function calls, and whether indirectly.
    fn callees(&self, function: u32) -> BTreeSet<(u32, bool)> {
        let mut callees = BTreeSet::new();
        let Some(defined) = function.checked_sub(count(&self.imports)) else { return callees };
        for instruction in &self.functions[defined as usize].1 {
            match *instruction {
                Plain::Call(callee) | Plain::ReturnCall(callee) => {
                    callees.insert((self.function(callee), false));
                }
                Plain::CallIndirect(ty)
                | Plain::ReturnCallIndirect(ty)
                | Plain::CallRef(ty)
                | Plain::ReturnCallRef(ty) => {
                    let has_type = |&callee: &u32| self.structure(self.type_of(callee)) == self.structure(ty);
                    callees
                        .extend(self.referenced().into_iter().filter(has_type).map(|callee| (callee, true)));
                }
                Plain::RefFunc(_) | Plain::Other => {}
            }
        }
        callees
    }

    fn type_of(&self, function: u32) -> u32 {
        let defined = || self.functions[function as usize - self.imports.len()].0;
        self.imports.get(function as usize).copied().unwrap_or_else(defined)
    }

    /// A text that is the same for structurally equal types.
    fn structure(&self, ty: u32) -> String {
        let ty = self.ty(ty);
        let Type { params, reference } = &self.types[ty as usize];
        let reference = reference.map(|(is_nullable, other)| match other % (ty + 1) {
            other if other == ty => (is_nullable, "itself".to_owned()),
            other => (is_nullable, self.structure(other)),
        });
        format!("{params:?} {reference:?}")
    }

    /// The referenced functions.
    fn referenced(&self) -> BTreeSet<u32> {
        let in_code = self.functions.iter().flat_map(|(_, instructions)| instructions);
        let in_code = in_code.filter_map(|instruction| match instruction {
            Plain::RefFunc(function) => Some(function),
            _ => None,
        });
        let elsewhere = self.references.iter().flat_map(|reference| &reference.functions);
        in_code.chain(elsewhere).map(|&function| self.function(function)).collect()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let (tables, globals, elements) = self.encode_references();
        let mut module = Module::new();
        module
            .section(&self.encode_types())
            .section(&self.encode_imports())
            .section(&self.encode_functions());
        module.section(&tables).section(&globals).section(&elements).section(&self.encode_code());
        module.finish()
    }

    fn encode_types(&self) -> TypeSection {
        let mut types = TypeSection::new();
        for (index, Type { params, reference }) in (0..).zip(&self.types) {
            let params = params.iter().map(|&is_long| if is_long { ValType::I64 } else { ValType::I32 });
            let reference = reference.map(|(nullable, other)| {
                ValType::Ref(RefType { nullable, heap_type: HeapType::Concrete(other % (index + 1)) })
            });
            types.ty().function(params.chain(reference).collect::<Vec<_>>(), []);
        }
        types
    }

    fn encode_imports(&self) -> ImportSection {
        let mut imports = ImportSection::new();
        let memory =
            MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
        imports.import("env", "memory", memory);
        for &ty in &self.imports {
            imports.import("env", "function", EntityType::Function(self.ty(ty)));
        }
        imports
    }

    fn encode_functions(&self) -> FunctionSection {
        let mut functions = FunctionSection::new();
        for &(ty, _) in &self.functions {
            functions.function(self.ty(ty));
        }
        functions
    }

    fn encode_references(&self) -> (TableSection, GlobalSection, ElementSection) {
        let (mut tables, mut globals, mut elements) =
            (TableSection::new(), GlobalSection::new(), ElementSection::new());
        let table = TableType {
            element_type: RefType::FUNCREF,
            minimum: 9,
            maximum: None,
            table64: false,
            shared: false,
        };
        let global = GlobalType { val_type: ValType::FUNCREF, mutable: false, shared: false };
        let offset = ConstExpr::i32_const(0);
        tables.table(table);
        for reference in &self.references {
            let functions: Vec<_> =
                reference.functions.iter().map(|&function| self.function(function)).collect();
            let expressions: Vec<_> =
                functions.iter().map(|&function| ConstExpr::ref_func(function)).collect();
            let mode = match reference.place {
                Place::ActiveElements => ElementMode::Active { table: None, offset: &offset },
                Place::ActiveElementsOfTable => ElementMode::Active { table: Some(0), offset: &offset },
                Place::PassiveElements => ElementMode::Passive,
                Place::DeclaredElements => ElementMode::Declared,
                Place::Tables => {
                    for function in &expressions {
                        tables.table_with_init(table, function);
                    }
                    continue;
                }
                Place::Globals => {
                    for function in &expressions {
                        globals.global(global, function);
                    }
                    continue;
                }
            };
            let functions = if reference.as_expressions {
                Elements::Expressions(RefType::FUNCREF, expressions.into())
            } else {
                Elements::Functions(functions.into())
            };
            elements.segment(ElementSegment { mode, elements: functions });
        }
        (tables, globals, elements)
    }

    fn encode_code(&self) -> CodeSection {
        let mut code = CodeSection::new();
        for (_, instructions) in &self.functions {
            let mut function = Function::new([(2, ValType::V128)]);
            for instruction in instructions {
                function.instruction(&match *instruction {
                    Plain::Call(callee) => Instruction::Call(self.function(callee)),
                    Plain::ReturnCall(callee) => Instruction::ReturnCall(self.function(callee)),
                    Plain::CallIndirect(ty) => {
                        Instruction::CallIndirect { type_index: self.ty(ty), table_index: 0 }
                    }
                    Plain::ReturnCallIndirect(ty) => {
                        Instruction::ReturnCallIndirect { type_index: self.ty(ty), table_index: 0 }
                    }
                    Plain::CallRef(ty) => Instruction::CallRef(self.ty(ty)),
                    Plain::ReturnCallRef(ty) => Instruction::ReturnCallRef(self.ty(ty)),
                    Plain::RefFunc(callee) => Instruction::RefFunc(self.function(callee)),
                    Plain::Other => Instruction::V128Const(7),
                });
            }
            code.function(function.instruction(&Instruction::End));
        }
        code
    }
}

fn count<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).unwrap()
}
